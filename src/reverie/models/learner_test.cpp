// What a learner says of its last fit.
#include <reverie/envs/suites/registry.h>
#include <reverie/models/learner.h>
#include <reverie/policies/gaussian_policy.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

struct LearnerTest : ::testing::Test {
  LearnerTest() : session(find_task("classic/pendulum"), {}, "test", 1, torch::kCPU, monitor) {
    config.model.hidden = {4};
    config.fit.first_epochs = config.fit.epochs = 1;
    config.objective.kind = ObjectiveKind::tom;
    config.objective.tom.policy_rows = 10;
    config.objective.tom.snapshot = false;
    config.objective.tom.dual.hidden = {4};
    config.objective.tom.dual.steps = 3;
  }
  void collect(int64_t rows) {
    const Tensor no = torch::zeros({rows}, torch::kBool);
    replay().add({random.normal({rows, 3}), random.normal({rows, 1}), random.normal({rows}),
                  random.normal({rows, 3}), no, no});
  }
  Replay& replay() { return session.replay("real", 50); }

  Monitor monitor;
  Session session;
  LearnConfig config;
  RandomStream random{3, "learner"};
};

TEST_F(LearnerTest, StartWeightsAreOfTheReplaysRows) {
  config.fit.window = 20;
  ModelLearner learner(session, config);
  const GaussianPolicy policy(3, 1, PolicyConfig(), random);
  collect(30);
  learner.learn(replay(), &policy);
  // Which rows may be drawn: those of the window, where their weight is not 0.
  const auto known = [&](int64_t first, int64_t end) {
    const Tensor weights = learner.start_weights(replay());
    EXPECT_EQ(weights.sizes(), torch::IntArrayRef({replay().size()}));
    EXPECT_GT(weights.slice(0, first, end).sum().item<double>(), 0);
    EXPECT_EQ(weights.slice(0, 0, first).sum().item<double>(), 0);
    EXPECT_EQ(weights.slice(0, end).sum().item<double>(), 0);
    return weights.slice(0, first, end).clone();
  };
  const Tensor then = known(10, 30);
  collect(15);  // which the fit has not seen
  EXPECT_TRUE(torch::equal(known(10, 30), then));
  collect(20);  // 15 rows are dropped
  EXPECT_TRUE(torch::equal(known(0, 15), then.slice(0, 5)));
  collect(50);
  EXPECT_FALSE(learner.start_weights(replay()).defined());
}

}  // namespace
}  // namespace reverie
