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
  Monitor monitor;  // derive from it to see the figures
  Session session(*experiment.task, experiment.env, "mb-mpo", 1, torch::kCPU, monitor);
  const auto agent = experiment.method->make(*experiment.agent, session);
  while (session.steps() < 10000)
    for (const Phase& phase : agent->iteration()) phase.run();  // collect, fit, improve
  const auto found = evaluate(*agent->actor(), *experiment.task, experiment.env, 20, Mode::exploit,
                              RandomStream(1, "evaluation"));
  std::printf("return after %ld real steps: %.1f\n", static_cast<long>(session.steps()),
              spread(found.returns).mean);
}
