#include <reverie/envs/first_states.h>

#include <reverie/envs/environment.h>

#include <fmt/format.h>

namespace reverie {

std::string warn_of_first_states(Environment& environment, RandomStream random) {
  constexpr int kTried = 8;
  const Task& task = environment.task();
  if (!task.terminates()) return {};
  for (int i = 0; i < kTried; ++i) {
    environment.restart(random);
    if (!task.measured_terminated(environment.measurement()).item<bool>()) return {};
  }
  return fmt::format(
      "the {} first states that were tried already end an episode, by what the task says is "
      "healthy: episodes may last one step",
      kTried);
}

}  // namespace reverie
