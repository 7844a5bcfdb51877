// Robots of one's own act in units of their actuators' ranges: what these are changes nothing.
#include <reverie/agents/mb_mpo.h>
#include <reverie/envs/robots/own_robot_fixture.h>
#include <reverie/envs/suites/registry.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

using testing::environment_of;
using testing::rod;
using testing::swing;
using testing::written_robot;

// Powers of two, so that the same torque is the same to the last bit.
std::string one_to_one() {
  static const std::string file =
      written_robot(rod("<motor joint='hinge' gear='4' ctrlrange='-1 1'/>"), swing(0.25));
  return file;
}
std::string strong_units() {
  static const std::string file = written_robot(
      rod("<motor joint='hinge' gear='0.0625' ctrlrange='-64 64'/>"), swing(0.25 / 4096));
  return file;
}

TEST(OwnRobot, TheActuatorsUnitsChangeNothing) {
  Environment one = environment_of(one_to_one()), other = environment_of(strong_units());
  const TaskSpec& spec = other.task().spec();
  EXPECT_EQ(spec.action_low, std::vector<double>{-1});
  EXPECT_EQ(spec.action_high, std::vector<double>{1});
  EXPECT_EQ(spec.actuator_low, std::vector<double>{-64});
  EXPECT_EQ(spec.actuator_high, std::vector<double>{64});
  RandomStream a(1, "reset"), b(1, "reset"), actions(2, "actions");
  EXPECT_TRUE(one.reset(a).equal(other.reset(b)));
  for (int t = 0; t < 25; ++t) {
    const Tensor action = actions.uniform({1}, -1.5, 1.5);
    const StepResult x = one.step(action), y = other.step(action);
    ASSERT_TRUE(x.next_observation.equal(y.next_observation)) << t;
    // The cost of what was asked for, in the actuators' units: 64 times as large.
    ASSERT_TRUE(x.reward.equal(y.reward)) << t;
    for (const auto type : {torch::kFloat32, torch::kFloat64}) {
      const Tensor seen = x.next_observation.to(type), asked = action.to(type).unsqueeze(0);
      EXPECT_TRUE(
          one.task().reward(seen, asked, seen).equal(other.task().reward(seen, asked, seen)));
    }
  }
}

TEST(OwnRobot, ARangeNeedNotBeAroundZero) {
  // 3 (control - 5) for controls of 4 to 6.
  const std::string shifted =
      written_robot(rod("<general joint='hinge' gainprm='4' biastype='affine' biasprm='-20 0 0' "
                        "ctrlrange='4 6'/>"),
                    swing(0));
  const std::string plain =
      written_robot(rod("<motor joint='hinge' gear='4' ctrlrange='-1 1'/>"), swing(0));
  Environment one = environment_of(plain), other = environment_of(shifted);
  RandomStream a(1, "reset"), b(1, "reset"), actions(2, "actions");
  one.reset(a), other.reset(b);
  for (int t = 0; t < 25; ++t) {
    const Tensor action = actions.uniform({1}, -1.5, 1.5);
    const Tensor x = one.step(action).next_observation, y = other.step(action).next_observation;
    ASSERT_LT((x - y).abs().max().item<double>(), 1e-11) << t;
  }
}

/// The parameters of a policy after some practice, and the actions that it was learned from.
std::pair<Tensor, Tensor> learned(const std::string& robot) {
  MbMpoConfig config;
  config.tasks = config.learn.model.members = 2;
  config.collect.random_steps = 100;
  config.meta_steps = 2;
  config.imagine.rollouts = 3;
  config.policy.hidden = {8};
  config.learn.model.hidden = {16};
  config.learn.fit.first_epochs = config.learn.fit.epochs = 3;
  Monitor monitor;
  Session session(find_task(robot), {}, "mb-mpo", 5, torch::kCPU, monitor);
  MbMpo agent(config, session);
  for (int iteration = 0; iteration < 2; ++iteration)
    for (const Phase& phase : agent.iteration()) phase.run();
  return {agent.policy()->parameters(), session.replay("real", config.collect.buffer).all().action};
}

TEST(OwnRobot, LearningIsTheSameInAnyUnits) {
  const auto [policy, actions] = learned(one_to_one());
  const auto [same_policy, same_actions] = learned(strong_units());
  EXPECT_TRUE(torch::equal(actions, same_actions));
  EXPECT_TRUE(torch::equal(policy, same_policy));
  EXPECT_LT(actions.slice(0, 0, 100).abs().max().item<double>(), 1);
}

}  // namespace
}  // namespace reverie
