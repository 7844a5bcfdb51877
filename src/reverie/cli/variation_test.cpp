#include <reverie/cli/variation.h>

#include <reverie/core/error.h>
#include <reverie/envs/env_config.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reverie::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> notes_of(EnvConfig& env, const std::vector<std::string>& sets) {
  Settings settings;
  settings.group("env", env);
  std::vector<std::string> notes;
  vary(settings, sets, [&](const std::string& line) { notes.push_back(line); });
  return notes;
}

TEST(Variation, AFactorThatIsSetIsNotSpread) {
  EnvConfig env;
  env.mass_spread = 2.0;
  env.gear_spread = 3.0;
  EXPECT_THAT(notes_of(env, {"env.mass_scale=1.5"}),
              ElementsAre(AllOf(HasSubstr("env.mass_scale is set"),
                                HasSubstr("--set env.mass_spread=2.0"))));
  EXPECT_EQ(env.mass_scale, 1.5);
  EXPECT_EQ(env.mass_spread, 1.0);
  EXPECT_EQ(env.gear_spread, 3.0) << "nobody spoke of it";
}

TEST(Variation, ASpreadThatIsSetTooStays) {
  EnvConfig env;
  env.mass_spread = 2.0;
  EXPECT_THAT(notes_of(env, {"env.mass_spread=4", "env.mass_scale=1.5"}), IsEmpty());
  EXPECT_EQ(env.mass_spread, 4.0);
}

TEST(Variation, NothingDrawnNothingSaid) {
  EnvConfig env;
  EXPECT_THAT(notes_of(env, {"env.slope=5", "env.horizon=70", "env.disabled_actuator=0"}),
              IsEmpty());
  EXPECT_EQ(env.slope, 5.0);
  EXPECT_THROW(notes_of(env, {"env.slop=5"}), UsageError);
}

TEST(Variation, WhatIsCrippledAtEachResetGivesWay) {
  EnvConfig env;
  env.cripple = Crippled::actuator;
  EXPECT_THAT(notes_of(env, {"env.disabled_actuator=2"}),
              ElementsAre(HasSubstr("env.cripple=actuator")));
  EXPECT_EQ(env.cripple, Crippled::nothing);
}

}  // namespace
}  // namespace reverie::cli
