#include <reverie/cli/commands.h>
#include <reverie/core/device.h>
#include <reverie/core/error.h>
#include <reverie/runs/checkpoint.h>
#include <reverie/runs/files.h>
#include <reverie/runs/run_folder.h>
#include <reverie/runs/store.h>

#include <fmt/core.h>
#include <mujoco/mujoco.h>
#include <torch/version.h>

#include <filesystem>

namespace reverie::cli {
namespace {

void tell_of_program() {
  fmt::print("reverie  {}\nlibtorch {}\nGPU      {}\nMuJoCo   {}\nhost     {}\n", REVERIE_VERSION,
             TORCH_VERSION, cuda_description(), mj_versionString(), host_description());
}

std::string state_of(const Checkpoints& checkpoints, int64_t number) {
  try {
    decode_checkpoint(read_file(checkpoints.path(number)));
    return "whole";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

int info(const std::string& path) {
  if (path.empty()) {
    tell_of_program();
    return 0;
  }
  const RunFolder folder = open_run(path);
  const Experiment experiment = read_experiment(folder.config());
  fmt::print("{} on {}, seed {}, {} real steps asked for\n", experiment.method->name,
             experiment.task->spec.name, experiment.run.seed, experiment.run.steps);
  std::error_code error;
  if (std::filesystem::exists(folder.store(), error)) {
    const Store store(folder.store());
    const auto iterations = store.iterations();
    if (!iterations.empty())
      fmt::print("{} iterations, {} real steps\n", iterations.back().iteration,
                 iterations.back().env_steps);
    for (const auto& one : store.evaluations())
      fmt::print("  evaluation at {:>9} steps: {:10.2f} +- {:.2f} ({} episodes)\n", one.env_steps,
                 one.return_mean, one.return_std, one.episodes);
  }
  const Checkpoints checkpoints(folder.checkpoints());
  for (const int64_t number : checkpoints.numbers())
    fmt::print("  {}: {}\n", checkpoints.path(number).string(), state_of(checkpoints, number));
  return 0;
}

}  // namespace reverie::cli
