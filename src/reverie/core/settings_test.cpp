#include <reverie/core/error.h>
#include <reverie/core/settings.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reverie {

enum class Colour { red, dark_blue };
std::vector<std::string> setting_names(Colour) {
  return {"red", "dark_blue"};
}

namespace {

using testing::HasSubstr;

struct Inner {
  double rate = 0.5;
  std::vector<int64_t> widths = {32, 32};
  std::vector<double> decays;
  void describe(Settings& settings) {
    settings.add("rate", rate, "how fast", between(0, 1));
    settings.add("widths", widths, "units", at_least(1));
    settings.add("decays", decays, "pulls", between(0, 1));
  }
};

struct Outer {
  int64_t epochs = 20;
  bool fast = false;
  Colour colour = Colour::red;
  std::string note = "x";
  Inner inner;
  void describe(Settings& settings) {
    settings.add("epochs", epochs, "passes", at_least(1));
    settings.add("fast", fast, "whether");
    settings.add("colour", colour, "which");
    settings.add("note", note, "words");
    settings.group("inner", inner);
  }
};

struct SettingsTest : testing::Test {
  SettingsTest() { outer.describe(settings); }
  std::string refusal(const std::string& text) {
    try {
      settings.assign(text, "--set");
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  }
  Outer outer;
  Settings settings;
};

TEST_F(SettingsTest, AssignsEveryKind) {
  for (const auto* text : {"epochs=200k", "fast=true", "colour=dark_blue", "note=hello world",
                           "inner.rate=1e-3", "inner.widths=[64, 128]", "inner.decays=[1e-3, 0]"})
    settings.assign(text, "--set");
  EXPECT_EQ(outer.epochs, 200000);
  EXPECT_TRUE(outer.fast);
  EXPECT_EQ(outer.colour, Colour::dark_blue);
  EXPECT_EQ(outer.note, "hello world");
  EXPECT_EQ(outer.inner.rate, 1e-3);
  EXPECT_EQ(outer.inner.widths, (std::vector<int64_t>{64, 128}));
  EXPECT_EQ(outer.inner.decays, (std::vector<double>{1e-3, 0}));
  settings.assign("inner.decays=0.5", "--set");
  EXPECT_EQ(outer.inner.decays, std::vector<double>{0.5});
}

TEST_F(SettingsTest, FindsASettingByItsWholeKey) {
  ASSERT_NE(settings.find("inner.rate"), nullptr);
  EXPECT_EQ(settings.find("inner.rate")->get(), SettingValue(0.5));
  EXPECT_EQ(settings.find("rate"), nullptr);
  EXPECT_EQ(settings.find(""), nullptr);
}

TEST_F(SettingsTest, RefusalsNameTheKeyAndWhatItTakes) {
  EXPECT_THAT(refusal("epoch=3"), HasSubstr("unknown setting 'epoch'; did you mean 'epochs'?"));
  EXPECT_THAT(refusal("rate=3"), HasSubstr("did you mean 'inner.rate'"));
  EXPECT_EQ(refusal("epochs=0"),
            "--set: 'epochs' takes an integer of at least 1, such as 20, not '0'");
  EXPECT_THAT(refusal("epochs=2.5"), HasSubstr("takes an integer"));
  EXPECT_EQ(refusal("inner.rate=2"),
            "--set: 'inner.rate' takes a number from 0 to 1, such as 0.5, not '2'");
  EXPECT_THAT(refusal("inner.rate=nan"), HasSubstr("takes a number"));
  EXPECT_THAT(refusal("colour=blue"), HasSubstr("takes one of red, dark_blue"));
  EXPECT_THAT(refusal("inner.widths=[3,x]"), HasSubstr("takes a list of integers"));
  EXPECT_THAT(refusal("inner.widths=[3,0.5]"), HasSubstr("takes a list of integers"));
  EXPECT_THAT(refusal("inner.decays=[0.5,2]"), HasSubstr("takes a list of numbers from 0 to 1"));
  EXPECT_THAT(refusal("epochs"), HasSubstr("not key=value"));
  EXPECT_EQ(outer.epochs, 20);  // nothing was changed
}

TEST_F(SettingsTest, TomlRoundTrip) {
  outer.inner.rate = 0.1;
  outer.inner.decays = {1e-4, 0};
  outer.note = "say \"hi\" \\";
  Outer other;
  Settings others;
  other.describe(others);
  for (const auto& item : read_toml(settings.to_toml(true), "config.toml"))
    others.assign(item.key, item.value, item.where);
  EXPECT_EQ(others.to_toml(false), settings.to_toml(false));
  EXPECT_EQ(other.inner.rate, 0.1);
  EXPECT_EQ(other.inner.decays, outer.inner.decays);
  for (const auto& item : read_toml("[inner]\ndecays = [1, 0]\n", "config.toml"))
    others.assign(item.key, item.value, item.where);
  EXPECT_EQ(other.inner.decays, (std::vector<double>{1, 0}));
  EXPECT_EQ(other.note, outer.note);
}

TEST(Toml, ErrorsNameThePlace) {
  const auto message = [](std::string_view text) -> std::string {
    try {
      read_toml(text, "my.toml");
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message("a = 1\nb = = 2\n"), HasSubstr("my.toml:2:"));
  EXPECT_THAT(message("when = 2020-01-01\n"), HasSubstr("my.toml:1:"));
  EXPECT_THAT(message("list = [1, \"x\"]\n"), HasSubstr("'list'"));
}

TEST(Toml, WhatIsUsuallyForgottenIsNamed) {
  const auto message = [](std::string_view text) -> std::string {
    try {
      read_toml(text, "my.toml");
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message("a = 1\ntask = pendulum  # of the classics\n"),
              HasSubstr("my.toml:2:8: a text goes in quotes: task = \"pendulum\""));
  EXPECT_THAT(message("a = [knee, hip]\n"), HasSubstr("each text goes in quotes: a = [\"knee\", "));
  EXPECT_THAT(message("flag = True\n"), HasSubstr("TOML writes flag = true"));
  const std::string mixed = "[observe] stands beside [[observe]]";
  EXPECT_THAT(message("[[observe]]\na = 1\n[observe]\nb = 1\n"),
              HasSubstr("my.toml:3:1: " + mixed));
  EXPECT_THAT(message("[observe]\na = 1\n[[observe]]\nb = 1\n"),
              HasSubstr("my.toml:1:1: " + mixed));
}

TEST(Counts, ReadInEveryUsualForm) {
  for (const auto* text : {"200000", "200k", "2e5", "0.2M", "200_000"})
    EXPECT_EQ(parse_count(text, "--steps"), 200000) << text;
  for (const auto* text : {"", "k", "12x", "-5", "1.5", "1e400"})
    EXPECT_THROW(parse_count(text, "--steps"), UsageError) << text;
}

TEST(Nearest, FindsWhatWasMeant) {
  const std::vector<std::string> names = {"mb-mpo", "me-trpo", "mbpo", "rllib/half-cheetah"};
  EXPECT_EQ(nearest("mbmpo", names).front(), "mb-mpo");
  EXPECT_EQ(nearest("half-cheetah", names).front(), "rllib/half-cheetah");
  EXPECT_EQ(nearest("rlib/halfcheetah", names).front(), "rllib/half-cheetah");
  EXPECT_TRUE(nearest("zzzzzzz", names).empty());
  EXPECT_EQ(did_you_mean("scael", {"scale", "scale"}), "; did you mean 'scale'?");
}

}  // namespace
}  // namespace reverie
