// What a dynamics model predicts, keeps and chooses.
#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/models/fit.h>
#include <reverie/models/objectives/likelihood.h>
#include <reverie/models/test_small_system.h>

#include <gmock/gmock.h>

namespace reverie {
namespace {

using ::testing::ElementsAre;

using testing::some_data;
using testing::spec_of_two;

TEST(Elites, AreChosenSavedAndRefused) {
  ModelConfig config;
  config.members = 4;
  config.hidden = {4};
  config.elites = 3;
  RandomStream random(3, "elites");
  DynamicsModel model(spec_of_two(), config, random), other(spec_of_two(), config, random);
  EXPECT_THAT(model.elites(), ElementsAre(0, 1, 2, 3)) << "before a fit";
  model.choose_elites({2, -1, 2, -3});
  EXPECT_THAT(model.elites(), ElementsAre(0, 1, 3)) << "of equals the first";
  Archive written;
  written("model", model);
  auto read = Archive::from_bytes(written.bytes());
  read("model", other);
  EXPECT_THAT(other.elites(), ElementsAre(0, 1, 3));
  model.choose_elites({});
  EXPECT_EQ(model.elites().size(), 4);
  config.elites = 5;
  EXPECT_THROW(DynamicsModel(spec_of_two(), config, random), UsageError);
}

TEST(Targets, AreStandardisedEachByItsOwnOrLeftAsTheyAre) {
  RandomStream random(3, "targets");
  auto data = some_data(500, 0.1, random);
  data.next_observation.select(1, 1).copy_(data.observation.select(1, 1));  // a goal
  ModelConfig config;
  config.hidden = {4};
  config.learn_reward = true;
  for (const StateTarget target : {StateTarget::difference, StateTarget::next_state})
    for (const bool normalise : {true, false}) {
      config.target = target;
      config.normalise_targets = normalise;
      DynamicsModel model(spec_of_two(), config, random);
      model.set_statistics(data);
      const auto targets = model.targets(data);
      const bool differs = target == StateTarget::difference;
      const auto moved = differs ? data.next_observation - data.observation : data.next_observation;
      const auto raw = torch::cat({moved, data.reward.unsqueeze(1)}, 1);
      if (normalise) {
        EXPECT_LT(targets.mean(0).abs().max().item<double>(), 1e-5);
        const auto spread = targets.std(0, /*unbiased=*/false);
        const auto expected = torch::tensor({1.0f, differs ? 0.0f : 1.0f, 1.0f});
        EXPECT_LT((spread - expected).abs().max().item<double>(), 1e-4);
      } else {
        EXPECT_TRUE(torch::equal(targets, raw));
      }
      const auto next = model.predict(data.observation, data.action);
      EXPECT_EQ(torch::equal(next.observation[0].select(1, 1), data.observation.select(1, 1)),
                differs)
          << "a goal stays to the last bit where the target is the difference";
    }
}

TEST(StateTargets, AreLearnedAlike) {
  RandomStream random(1, "data");
  const auto data = some_data(2000, 0, random);
  ModelConfig config;
  config.learn_reward = true;
  config.members = 1;
  config.hidden = {16, 12};
  FitConfig fit_config;
  fit_config.batch = 100;
  fit_config.learning_rate = 3e-3;
  for (const StateTarget target : {StateTarget::difference, StateTarget::next_state})
    for (const bool normalise : {true, false}) {
      config.target = target;
      config.normalise_targets = normalise;
      DynamicsModel model(spec_of_two(), config, random);
      Likelihood likelihood;
      Monitor monitor;
      fit(model, data, likelihood, fit_config, 200, random.split(1), monitor);
      const auto next = model.predict(data.observation, data.action);
      EXPECT_LT((next.observation[0] - data.next_observation).square().mean().item<double>(), 0.01);
      EXPECT_LT((next.reward[0] - data.reward).square().mean().item<double>(), 4);  // of 400
    }
}

TEST(DynamicsModel, SavesWhatItsHeadLearned) {
  RandomStream random(3, "save");
  const auto data = some_data(200, 0.1, random);
  for (const Head head : {Head::deterministic, Head::gaussian, Head::mixture}) {
    ModelConfig config;
    config.members = 2;
    config.hidden = {8};
    config.head = head;
    DynamicsModel model(spec_of_two(), config, random), other(spec_of_two(), config, random);
    Likelihood likelihood;
    Monitor monitor;
    fit(model, data, likelihood, FitConfig(), 3, random.split(1), monitor);
    Archive written;
    written("model", model);
    auto read = Archive::from_bytes(written.bytes());
    read("model", other);
    const auto raw = random.normal({2, 5, model.head_shape().outputs()});
    const auto expected = model.heads(raw), found = other.heads(raw);
    EXPECT_TRUE(torch::equal(found.mean, expected.mean));
    if (head != Head::deterministic) {
      EXPECT_TRUE(torch::equal(found.log_variance, expected.log_variance));
      EXPECT_FALSE(torch::equal(model.variance_bounds()[0], model.variance_bounds()[1]));
    }
    EXPECT_TRUE(torch::equal(model.means(data.observation, data.action),
                             other.means(data.observation, data.action)));
    config.head = head == Head::mixture ? Head::gaussian : Head::mixture;
    DynamicsModel of_another(spec_of_two(), config, random);
    auto again = Archive::from_bytes(written.bytes());
    EXPECT_THROW(again("model", of_another), Error);
  }
}

}  // namespace
}  // namespace reverie
