#include <reverie/core/random.h>
#include <reverie/nn/kernels/tiles.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

#ifdef REVERIE_TILES
namespace tiles = kernels::tiles;

TEST(Tiles, ProductsOfAnySizeEqualTorchs) {
  RandomStream random(5, "tiles");
  for (const int64_t rows : {1, 3, 7, 10, 20, 33})
    for (const int64_t columns : {1, 6, 16, 17, 32, 40})
      for (const int64_t k : {1, 5, 64}) {
        const auto x = random.normal({rows, k}), w = random.normal({k, columns});
        const auto by_column = random.normal({k, rows}), more = random.normal({k, columns});
        const auto bias = random.normal({columns});
        // Between rows nothing is written.
        const int64_t stride = columns + 3;
        auto y = torch::full({rows, stride}, NAN);
        float* to = y.data_ptr<float>();
        const tiles::Factors factors[] = {
            {x.data_ptr<float>(), k, 1, w.data_ptr<float>(), columns, k},
            {by_column.data_ptr<float>(), 1, rows, more.data_ptr<float>(), columns, k}};
        tiles::product(rows, columns, factors, bias.data_ptr<float>(),
                       [&](int64_t row, int64_t column, int64_t count, tiles::Vector sums) {
                         tiles::store(to + row * stride + column, count, sums);
                       });
        EXPECT_TRUE(y.narrow(1, columns, 3).isnan().all().item<bool>());
        const auto expected = torch::mm(x, w) + torch::mm(by_column.t(), more) + bias;
        EXPECT_TRUE(torch::allclose(y.narrow(1, 0, columns), expected, 1e-4, 1e-4));
      }
}

/// The largest relative error of `f` beside `exact`, over [-range, range].
template <class F, class Exact>
double error(const F& f, const Exact& exact, float range) {
  double worst = 0;
  for (int i = -20000; i <= 20000; ++i) {
    const float x = range * static_cast<float>(i) / 20000.0f;
    const double expected = exact(static_cast<double>(x));
    const double found = static_cast<double>(f(tiles::all(x))[3]);
    if (x != 0.0f) worst = std::max(worst, std::abs(found - expected) / std::abs(expected));
  }
  return worst;
}

TEST(Tiles, ElementaryFunctionsAreAccurate) {
  EXPECT_LT(error([](auto x) { return tiles::tanh(x); }, [](double x) { return std::tanh(x); }, 9),
            4e-7);
  EXPECT_LT(error([](auto x) { return tiles::exp(x); }, [](double x) { return std::exp(x); }, 87),
            3e-7);
  EXPECT_LT(error([](auto x) { return tiles::inverse(x); }, [](double x) { return 1 / x; }, 1e6),
            2.5e-7);
  for (const auto& f : {+[](tiles::Vector x) { return tiles::tanh(x); },
                        +[](tiles::Vector x) { return tiles::exp(x); }})
    EXPECT_TRUE(std::isnan(f(tiles::all(NAN))[0]));
}
#else
TEST(Tiles, AreForAvx512) {
  GTEST_SKIP() << "compiled without AVX-512";
}
#endif

}  // namespace
}  // namespace reverie
