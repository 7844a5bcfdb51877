#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/random.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

struct Part {
  int64_t count = 3;
  std::vector<double> values = {1.5, -2};
  void serialize(Archive& archive) {
    archive("count", count);
    archive("values", values);
  }
};

struct Whole {
  Part part;
  std::vector<Part> parts{2};
  Tensor weights = torch::arange(6, torch::kFloat32).view({2, 3});
  Tensor none;
  std::string name = "a b";
  bool flag = true;
  double real = 0.1;
  std::vector<Tensor> list{torch::ones({2}, torch::kBool)};
  void serialize(Archive& archive) {
    archive("part", part);
    archive("parts", parts);
    archive("weights", weights);
    archive("none", none);
    archive("name", name);
    archive("flag", flag);
    archive("real", real);
    archive("list", list);
  }
};

std::string saved(Whole& whole) {
  Archive archive;
  archive("whole", whole);
  return archive.bytes();
}

TEST(Archive, ReadsBackWhatItWrote) {
  Whole whole;
  whole.part.count = 9;
  whole.parts[1].values = {4};
  whole.weights[1][2] = 77;
  const auto bytes = saved(whole);
  Whole other;
  other.name = "";
  other.flag = false;
  other.parts.clear();
  auto archive = Archive::from_bytes(bytes);
  archive("whole", other);
  EXPECT_EQ(other.part.count, 9);
  EXPECT_EQ(other.parts.at(1).values, std::vector<double>{4});
  EXPECT_TRUE(torch::equal(other.weights, whole.weights));
  EXPECT_FALSE(other.none.defined());
  EXPECT_EQ(other.name, "a b");
  EXPECT_TRUE(other.flag);
  EXPECT_EQ(other.real, 0.1);
  EXPECT_TRUE(torch::equal(other.list.at(0), whole.list[0]));
  EXPECT_EQ(saved(other), bytes);  // equal states, equal bytes
}

TEST(Archive, EveryCutAndEveryFlippedBitIsNoticed) {
  Whole whole;
  const auto bytes = saved(whole);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(Archive::from_bytes(std::string_view(bytes).substr(0, size)), Error) << size;
  RandomStream random(1, "flip");
  for (int i = 0; i < 300; ++i) {
    auto damaged = bytes;
    damaged[static_cast<size_t>(random.below(static_cast<int64_t>(bytes.size())))] ^=
        static_cast<char>(1 << random.below(8));
    EXPECT_THROW(
        {
          auto archive = Archive::from_bytes(damaged);
          Whole other;
          archive("whole", other);
        },
        Error);
  }
}

TEST(Archive, MissingAndMistypedNamesAreNamed) {
  Archive out;
  int64_t number = 1;
  out("number", number);
  auto in = Archive::from_bytes(out.bytes());
  std::string text;
  try {
    in("number", text);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'number'"), std::string::npos);
  }
  EXPECT_THROW(in("absent", number), Error);
}

}  // namespace
}  // namespace reverie
