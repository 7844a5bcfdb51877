#include <reverie/cli/commands.h>
#include <reverie/cli/report.h>
#include <reverie/core/captured_work.h>
#include <reverie/core/counted.h>
#include <reverie/core/device.h>
#include <reverie/core/error.h>
#include <reverie/core/processors.h>
#include <reverie/envs/mujoco/version.h>
#include <reverie/envs/robots/info.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/nn/kernels/precision.h>
#include <reverie/nn/kernels/small_gemm.h>
#include <reverie/runs/checkpoint.h>
#include <reverie/runs/evaluate.h>
#include <reverie/runs/figures.h>
#include <reverie/runs/files.h>
#include <reverie/runs/recovery.h>
#include <reverie/runs/run_folder.h>
#include <reverie/runs/store.h>
#include <reverie/runs/trainer.h>

#include <fmt/core.h>
#include <torch/version.h>

#include <atomic>
#include <filesystem>

/// Counted by nn/kernels/sgemm_override.cpp, which is part of executables only.
extern __attribute__((weak)) std::atomic<long> reverie_forwarded_products;

namespace reverie::cli {
namespace {

/// What libtorch's own f32 matrix product runs on: found out by asking it for one.
std::string matrix_product() {
  const long before = &reverie_forwarded_products ? reverie_forwarded_products.load() : 0;
  torch::mm(torch::ones({64, 64}), torch::ones({64, 64}));
  const bool forwarded = &reverie_forwarded_products && reverie_forwarded_products.load() > before;
  const std::string speeds = REVERIE_SGEMM_SPEEDS;  // "BLAS|oneDNN", found when built
  const auto bar = speeds.find('|');
  std::string measured;
  if (!at::hasMKL() && bar > 0 && bar + 1 < speeds.size())
    measured = fmt::format(" (one thread, when built: libtorch's BLAS {} GFLOP/s, oneDNN {})",
                           speeds.substr(0, bar), speeds.substr(bar + 1));
  return (forwarded ? "oneDNN" : at::hasMKL() ? "libtorch's MKL" : "libtorch's BLAS") + measured;
}

void tell_of_program() {
  fmt::print("reverie  {}\nlibtorch {}\nGPU      {}; CUDA graphs {}\nMuJoCo   {}\nhost     {}\n",
             REVERIE_VERSION, TORCH_VERSION, cuda_description(), cuda_graphs::description(),
             mujoco_description(), host_description());
  fmt::print("threads  {}\n", find_processors().words());
  fmt::print("kernels  {}, bfloat16 {}\nlibtorch multiplies with {}\n", kernels::description(),
             kernels::bf16_description(), matrix_product());
  fmt::print("auto     model.precision is {}, fit.precision {}\n",
             kernels::auto_description(kernels::Use::inference),
             kernels::auto_description(kernels::Use::training));
}

/// The checkpoints, and from which of them `resume` goes on.
void tell_of_checkpoints(const RunFolder& folder, const Experiment& experiment) {
  Checkpoints checkpoints(folder.checkpoints());
  int64_t steps = -1;  // of the newest that is whole
  bool done = false;
  for (const int64_t number : checkpoints.numbers()) {
    const std::string path = checkpoints.path(number).string();
    try {
      Archive archive = decode_checkpoint(read_file(path));
      checkpoints.segments().require(archive);
      archive("env_steps", steps);
      done = Trainer::is_last(archive, experiment.run.steps);
      fmt::print("  {}: whole\n", path);
    } catch (const std::exception& error) {
      fmt::print("  {}: {}\n", path, error.what());
    }
  }
  if (done || (steps < 0 && !checkpoints.numbers().empty())) return;
  if (const std::string lost =
          steps < 0 ? lost_checkpoint(folder, Store(folder.store(), Store::Access::read)) : "";
      !lost.empty()) {
    fmt::print("{}\n", lost);
    return;
  }
  const std::string command = resume_command(folder.root());
  const std::string last = steps < 0 ? std::string("no checkpoint yet")
                                     : fmt::format("last checkpoint at {} real steps", steps);
  if (FolderLock::is_held(folder.root()))
    fmt::print("{}; it is being trained\n", last);
  else
    fmt::print("{}; {}: {}\n", last, steps < 0 ? "begin again with" : "go on with", command);
}

/// The newest figures that tell how well it learns, and the signs that were seen.
void tell_of_learning(const Store& store) {
  const auto iterations = store.iterations();
  const Metrics last = iterations.empty() ? Metrics() : iterations.back().metrics;
  for (const Figure& figure : learning_figures())
    if (const auto value = store.newest(figure.metric))
      fmt::print("  {:<20}{:>10}{}\n", figure.name, figure.text(*value), remark(figure, last));
  for (const auto& event : store.events())
    if (event.kind == "sign") fmt::print("  sign: {}\n", event.text);
}

}  // namespace

int info(const std::string& path) {
  if (path.empty()) {
    tell_of_program();
    return 0;
  }
  if (path.ends_with(".toml") && !std::filesystem::is_directory(path)) {
    fmt::print("{}", robot_info(path));
    return 0;
  }
  if (path.ends_with(".xml") && !std::filesystem::is_directory(path))
    find_task(path);  // says what to write beside it
  const RunFolder folder = open_run(path);
  const Experiment experiment = read_experiment(folder.config());
  fmt::print("{} on {}, seed {}, {} real steps asked for\n", experiment.method->name,
             experiment.task->name, experiment.run.seed, experiment.run.steps);
  // What is damaged is said, and the rest told all the same.
  std::error_code error;
  if (std::filesystem::exists(folder.store(), error)) try {
      const Store store(folder.store(), Store::Access::read);
      const auto iterations = store.iterations();
      if (!iterations.empty())
        fmt::print("{}, {} real steps\n", counted(iterations.back().iteration, "iteration"),
                   iterations.back().env_steps);
      for (const auto& one : store.evaluations())
        fmt::print(
            "  evaluation at {:>9} steps: {:10.2f}, standard error {:.2f} (spread {:.2f}, {})\n",
            one.env_steps, one.return_mean, standard_error(one.return_std, one.episodes),
            one.return_std, counted(one.episodes, "episode"));
      tell_of_learning(store);
    } catch (const Error& damage) {
      report(std::string("warning: ") + damage.what());
    }
  tell_of_checkpoints(folder, experiment);
  return 0;
}

}  // namespace reverie::cli
