#include <reverie/envs/environment.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/models/dynamics_model.h>
#include <reverie/nn/kernels/gaussian_head.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

TEST(GaussianHead, EqualsTheTwin) {
  RandomStream random(6, "head");
  ModelConfig config;
  config.head = Head::gaussian;
  config.hidden = {4};
  config.members = 1;
  const DynamicsModel model(find_task("classic/pendulum").spec(), config, random);
  const int64_t d = model.target_size();
  for (const double width : {1.0, 20.0}) {  // within the bounds and far beyond them
    const auto raw = width * random.normal({50, 2 * d}), noise = random.normal({50, d});
    const auto bounds = torch::stack({random.normal({d}) - 5, random.normal({d})});
    auto out = torch::empty({50, d});
    kernels::sample_gaussian_head(raw.data_ptr<float>(), bounds.data_ptr<float>(),
                                  noise.data_ptr<float>(), 50, d, out.data_ptr<float>());
    const auto twin = model.head(raw, bounds);
    const auto expected = twin.mean + torch::exp(0.5 * twin.log_variance) * noise;
    EXPECT_TRUE(torch::allclose(out, expected, 1e-4, 1e-5));
  }
}

}  // namespace
}  // namespace reverie
