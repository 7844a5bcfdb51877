// The library from C++: a method on a task, ten thousand real steps, by hand.
#include <reverie/core/workers.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/runs/evaluate.h>
#include <reverie/runs/experiment.h>

#include <cstdio>

using namespace reverie;

int main() {
  set_worker_count(2);
  Experiment experiment = resolve({.method = "mb-mpo", .task = "classic/pendulum"});
  const auto task = experiment.task->make_task(experiment.env);
  Monitor monitor;  // derive from it to see the figures
  const auto agent = experiment.method->make(*experiment.agent, {*task, 1, torch::kCPU, monitor});
  World world(*experiment.task, experiment.env, agent->environments(), RandomStream(1, "world"));
  Replay replay(agent->replay_capacity(), task->spec().observation_size,
                task->spec().action_size());
  while (world.steps() < 10000) {
    agent->collect(world, replay);
    agent->fit(replay);
    agent->improve(world);
  }
  const auto found = evaluate(agent->policy(), *experiment.task, experiment.env, 20, false,
                              RandomStream(1, "evaluation"));
  std::printf("return after %ld real steps: %.1f\n", static_cast<long>(world.steps()),
              spread(found.returns).mean);
}
