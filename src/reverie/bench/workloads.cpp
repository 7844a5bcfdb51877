#include <reverie/bench/workloads.h>

#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>

namespace reverie::benchmark {

const TaskEntry& task() {
  return find_task("rllib/half-cheetah");
}

Transitions random_transitions(int64_t count) {
  RandomStream random(1, "benchmark/data");
  const auto spec = task().spec();
  Transitions data;
  data.observation = random.normal({count, spec.observation_size});
  data.action = random.uniform({count, spec.action_size()}, -1, 1);
  data.reward = random.normal({count});
  data.next_observation = data.observation + 0.1 * random.normal({count, spec.observation_size});
  data.terminated = torch::zeros({count}, torch::kBool);
  data.truncated = torch::zeros({count}, torch::kBool);
  return data;
}

DynamicsModel make_model(const ModelConfig& config) {
  RandomStream random(1, "benchmark/model");
  DynamicsModel model(task().spec(), config, random);
  model.set_statistics(random_transitions(1000));
  return model;
}

ModelConfig mb_mpo_model(std::vector<int64_t> hidden) {
  ModelConfig config;
  config.members = 5;
  config.hidden = std::move(hidden);
  return config;
}

ModelConfig mbpo_model() {
  ModelConfig config;
  config.members = 7;
  config.hidden = {200, 200, 200, 200};
  config.activation = Activation::swish;
  config.head = Head::gaussian;
  config.learn_reward = true;
  return config;
}

ModelConfig tom_model() {
  ModelConfig config = mbpo_model();
  config.members = 1;
  config.head = Head::mixture;
  return config;
}

GaussianPolicy make_policy() {
  RandomStream random(1, "benchmark/policy");
  return {task().spec().observation_size, task().spec().action_size(), PolicyConfig{}, random};
}

PolicyBatch random_batch(const GaussianPolicy& policy, int64_t rows) {
  RandomStream random(1, "benchmark/batch");
  return {random.normal({1, rows, policy.observation_size()}),
          random.normal({1, rows, policy.action_size()}), random.normal({1, rows})};
}

double forward_flop(const std::vector<int64_t>& sizes) {
  double products = 0;
  for (size_t l = 1; l < sizes.size(); ++l)
    products += static_cast<double>(sizes[l - 1] * sizes[l]);
  return 2 * products;
}

double training_flop(const std::vector<int64_t>& sizes) {
  return 3 * forward_flop(sizes) - 2.0 * static_cast<double>(sizes[0] * sizes[1]);
}

}  // namespace reverie::benchmark
