#include <reverie/collect/collector.h>

#include <reverie/collect/rollout.h>
#include <reverie/core/archive.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/policies/noisy_actor.h>

#include <gtest/gtest.h>

#include <map>

namespace reverie {
namespace {

struct Recorder : Monitor {
  void record(std::string_view name, double value) override { figures[std::string(name)] = value; }
  std::map<std::string, double> figures;
};

struct CollectorTest : ::testing::Test {
  CollectorTest() : session(find_task("classic/pendulum"), {}, "test", 1, torch::kCPU, monitor) {}
  GaussianPolicy policy() const {
    RandomStream random(1, "policy");
    return GaussianPolicy(3, 1, PolicyConfig{{8}, 0.1}, random);
  }
  Recorder monitor;
  Session session;
};

TEST_F(CollectorTest, ExploresOnceAndRemembers) {
  CollectConfig config;
  config.random_steps = 500;
  config.rollouts = 2;
  Collector collector(session, config);
  EXPECT_TRUE(collector.explore());
  EXPECT_EQ(session.steps(), 500);
  EXPECT_EQ(collector.memory().added(), 500);
  const Tensor actions = collector.memory().all().action;
  EXPECT_LT(actions.abs().max().item<double>(), 2.0 + 1e-6);
  EXPECT_NEAR(actions.std().item<double>(), 4 / std::sqrt(12.0), 0.1);
  EXPECT_FALSE(monitor.figures.contains("policy/saturated"));
  EXPECT_FALSE(collector.explore());
  EXPECT_EQ(session.steps(), 500);

  const GaussianPolicy acting = policy();
  const Rollouts rollouts = collector.episodes(*actor_of(acting));
  EXPECT_EQ(rollouts.reward.sizes(), torch::IntArrayRef({1, 2, 200}));
  EXPECT_EQ(session.steps(), 900);
  EXPECT_EQ(collector.memory().added(), 900);
  EXPECT_EQ(monitor.figures["episode/length"], 200);
  EXPECT_NEAR(monitor.figures["return/real"], first_returns(rollouts).mean().item<double>(), 1e-3);
}

TEST_F(CollectorTest, WhoKnowsHowToActTakesTheRandomStepsItself) {
  CollectConfig config;
  config.random_steps = 300;
  config.horizon = 100;
  Collector collector(session, config);
  collector.know_how_to_act();
  EXPECT_FALSE(collector.explore());
  const GaussianPolicy acting = policy();
  collector.episodes(*actor_of(acting));
  EXPECT_EQ(session.steps(), 300);
  collector.episodes(*actor_of(acting));
  EXPECT_EQ(session.steps(), 400);
}

TEST_F(CollectorTest, GoesOnStepByStepWhereItStopped) {
  CollectConfig config;
  config.random_steps = 0;
  Collector collector(session, config);
  const GaussianPolicy acting = policy();
  const auto actor = actor_of(acting);
  for (int64_t i = 0; i < 250; ++i) collector.steps(*actor, 1);
  EXPECT_EQ(session.steps(), 250);
  const Transitions seen = collector.memory().all();
  EXPECT_EQ(seen.size(), 250);
  EXPECT_EQ(seen.truncated.sum().item<int64_t>(), 1);
  EXPECT_TRUE(seen.truncated[199].item<bool>());
  const Tensor goes_on =
      (seen.observation.slice(0, 1) == seen.next_observation.slice(0, 0, -1)).all(1);
  EXPECT_EQ(goes_on.sum().item<int64_t>(), 248) << "all but the step after the end";
  collector.record_finished();
  EXPECT_NEAR(monitor.figures["return/real"], seen.reward.slice(0, 0, 200).sum().item<double>(),
              1e-2);
  EXPECT_EQ(monitor.figures["episode/length"], 200);
  EXPECT_TRUE(torch::equal(collector.memory().initial(), torch::tensor({0, 200})));
}

TEST_F(CollectorTest, GoesOnWhereASavedOneStopped) {
  CollectConfig config;
  config.random_steps = 0;
  Collector collector(session, config);
  const GaussianPolicy acting = policy();
  const auto actor = actor_of(acting);
  collector.steps(*actor, 150);
  Archive saved;
  saved("session", session);
  saved("collector", collector);
  Session other(find_task("classic/pendulum"), {}, "test", 1, torch::kCPU, monitor);
  Collector again(other, config);
  Archive reader = Archive::from_bytes(saved.bytes());
  reader("session", other);
  reader("collector", again);
  for (Collector* each : {&collector, &again}) {
    each->steps(*actor, 100);
    monitor.figures.clear();
    each->record_finished();
    EXPECT_EQ(monitor.figures["episode/length"], 200);
  }
  EXPECT_TRUE(torch::equal(collector.memory().all().reward, again.memory().all().reward));
}

TEST_F(CollectorTest, PoliciesSideBySideEachActInTheirBlock) {
  const GaussianPolicy acting = policy();
  Tensor parameters = acting.parameters().repeat({2, 1});
  parameters[1].slice(0, -2, -1).fill_(1000);  // the mean's bias
  const auto actor = actor_of(acting, parameters);
  RandomStream random;
  const Tensor action = actor->act(torch::zeros({6, 3}), Mode::exploit, random);
  EXPECT_TRUE((action.slice(0, 0, 3).abs() < 10).all().item<bool>());
  EXPECT_TRUE((action.slice(0, 3) > 900).all().item<bool>());
}

TEST_F(CollectorTest, ANoisyActorHasParametersOfItsOwnInEachEpisode) {
  session.open_world(3);
  const GaussianPolicy acting = policy();
  RandomStream noise(7, "noise"), random(8, "actions");
  const Tensor spread = 0.5 * torch::ones_like(acting.parameters());
  const auto actor = noisy_actor(acting, session.task().spec(), spread, 1e-9, noise);
  const Rollouts rollouts = roll_out(session.world(), 201, *actor, Mode::explore, random);
  // At equal states the parameters of an episode act alike, and another's otherwise.
  const Tensor state = rollouts.observation[0][0].slice(0, 0, 1).expand({3, 3});
  const Tensor now = actor->act(state, Mode::explore, random);
  EXPECT_FALSE(torch::allclose(now[0], now[1], 0, 1e-3));
  EXPECT_FALSE(torch::allclose(now[0], rollouts.action[0][0][0], 0, 1e-3)) << "a later episode";
  EXPECT_TRUE(torch::equal(actor->act(state, Mode::exploit, random)[0],
                           acting.distribution(state).mean[0]));
  const auto loud = noisy_actor(acting, session.task().spec(), {}, 3.0, noise);
  loud->begin(torch::ones({3}, torch::kBool));
  EXPECT_LE(loud->act(state, Mode::explore, random).abs().max().item<double>(), 2.0);
}

}  // namespace
}  // namespace reverie
