#include <reverie/pictures/curve_picture.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <string>
#include <vector>

namespace reverie {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Fails where elements aren't closed in order, an attribute has no quotes, or a number is none.
void expect_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  size_t at = 0;
  while ((at = svg.find('<', at)) != svg.npos) {
    const size_t end = svg.find('>', at);
    ASSERT_NE(end, svg.npos);
    std::string tag = svg.substr(at + 1, end - at - 1);
    EXPECT_EQ(tag.find('<'), tag.npos) << tag;
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty()) << tag;
      EXPECT_EQ(open.back(), tag.substr(1));
      open.pop_back();
    } else {
      static const std::regex element("[a-z]+( [a-zA-Z0-9-]+=\"[^\"]*\")* *\\/?");
      EXPECT_TRUE(std::regex_match(tag, element)) << tag;
      if (tag.back() != '/') open.push_back(tag.substr(0, tag.find(' ')));
    }
    at = end;
  }
  EXPECT_TRUE(open.empty());
  static const std::regex entity("&(?!(amp|lt|gt|quot);)");
  EXPECT_FALSE(std::regex_search(svg, entity)) << "a bare &";
  for (const char* wrong : {"nan", "inf"}) EXPECT_THAT(svg, Not(HasSubstr(wrong)));
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

CurvePicture picture_of(const std::vector<BandPoint>& points) {
  CurvePicture picture;
  picture.title = "a task";
  picture.legend = {{"a method", "5", 0}};
  picture.panels = {{"real return", 300, {{points, 0}}, {}}};
  return picture;
}

TEST(CurvePicture, IsWellFormedWhateverItShows) {
  CurvePicture picture = picture_of({{0, 1, 0, 2, 2}, {100, 3, 2, 4, 2}});
  picture.title = "<a> & \"b\"\n\x01";
  picture.panels[0].levels = {{"a<b", 1e4}};
  expect_well_formed(to_svg(picture));
  EXPECT_THAT(to_svg(picture), HasSubstr("&lt;a&gt; &amp; &quot;b&quot;  </text>"));
  for (const double value : {0.0, -7.0, 1e-12, 1e29, -1e29, 1e10}) {
    expect_well_formed(to_svg(picture_of({{5, value, value, value, 1}})));
    expect_well_formed(to_svg(
        picture_of({{5, value, value, value, 1}, {1e9, value * (1 + 1e-13), value, value, 1}})));
  }
  expect_well_formed(to_svg(picture_of({})));
  expect_well_formed(to_svg({}));
}

TEST(CurvePicture, PutsPointsWhereTheAxesSay) {
  const std::string svg =
      to_svg(picture_of({{0, 0, 0, 0, 1}, {50, 10, 10, 10, 1}, {100, 5, 5, 5, 1}}));
  std::smatch match;
  static const std::regex line(
      "<polyline points=\"([0-9.]+),([0-9.]+) ([0-9.]+),([0-9.]+) ([0-9.]+),([0-9.]+) \"");
  ASSERT_TRUE(std::regex_search(svg, match, line)) << svg;
  const auto number = [&match](size_t i) { return std::stod(match[i]); };
  EXPECT_NEAR(number(3), (number(1) + number(5)) / 2, 0.1) << "half of the steps";
  EXPECT_NEAR(number(6), (number(2) + number(4)) / 2, 0.1) << "half of the value";
  EXPECT_LT(number(4), number(2)) << "more is further up";
  EXPECT_NEAR(number(2) - number(4), 300 / 1.1, 0.2) << "a twentieth of room at either end";
}

TEST(CurvePicture, IsPalerWhereSomeRunsHaveNotComeYet) {
  const std::string svg = to_svg(picture_of(
      {{0, 1, 1, 1, 1}, {10, 1, 0, 2, 2}, {20, 1, 0, 2, 2}, {30, 1, 1, 1, 1}, {40, 1, 1, 1, 1}}));
  EXPECT_EQ(count(svg, "<polyline"), 3);
  EXPECT_EQ(count(svg, "stroke-opacity"), 2);
  EXPECT_EQ(count(svg, "<polygon"), 1);
  EXPECT_EQ(count(to_svg(picture_of({{0, 1, 1, 1, 1}, {9, 2, 2, 2, 1}})), "stroke-opacity"), 0);
}

TEST(CurvePicture, NumbersReadWell) {
  EXPECT_EQ(value_text(0), "0");
  EXPECT_EQ(value_text(-1234567.8), "\u22121,234,568");
  EXPECT_EQ(value_text(999.96), "1000");
  EXPECT_EQ(value_text(0.012347), "0.01235");
  EXPECT_EQ(value_text(-3.5), "\u22123.5");
  EXPECT_EQ(value_text(1000.25, 0.05), "1,000.25");
  EXPECT_EQ(value_text(876.15, 0.05), "876.15");
  EXPECT_EQ(value_text(2e7), "2e+07");
  EXPECT_EQ(steps_text(0), "0");
  EXPECT_EQ(steps_text(50000), "50k");
  EXPECT_EQ(steps_text(1500000), "1.5M");
}

}  // namespace
}  // namespace reverie
