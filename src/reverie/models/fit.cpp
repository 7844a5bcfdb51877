#include <reverie/core/workers.h>
#include <reverie/models/fit.h>
#include <reverie/models/fit_schedule.h>
#include <reverie/models/fit_torch.h>
#include <reverie/nn/kernels/choice.h>
#include <reverie/nn/kernels/mlp.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace reverie {

void FitConfig::describe(Settings& settings) {
  settings.add("first_epochs", first_epochs, "most passes over the training split at the first fit",
               between(1, 1e6));
  settings.add("epochs", epochs, "most passes at each later fit", between(1, 1e6));
  settings.add("batch", batch, "rows of a minibatch, per member", between(1, 1e6));
  settings.add("learning_rate", learning_rate, "Adam's step size", between(0, 10));
  settings.add("end_factor", end_factor,
               "the last epoch's step size, as a fraction of the first's: it falls linearly, epoch "
               "by epoch, and would reach it at the end where early stopping ends the fit before",
               between(0, 1));
  settings.add("holdout", holdout, "fraction of the data that a member does not train on",
               between(0, 0.9));
  settings.add(
      "persistence", persistence,
      "of the rolling average of the holdout loss that stops a member early; 0: run all epochs",
      between(0, 0.9999));
  settings.add(
      "precision", precision,
      "of the matrix products of a fit; auto: bf16x3 on a CPU with AMX, else f32; bf16 and "
      "bf16x3 are emulated on other CPUs, and refused on a GPU");
  settings.add("window", window, "newest transitions to fit on; 0: all in the replay", at_least(0));
}

void FitConfig::check_device(const torch::Device& device) const {
  kernels::check_device(precision, device, "fit.precision");
}

namespace {

/// What all members share in a fit.
struct Problem {
  DynamicsModel& model;
  const Objective& objective;
  const FitConfig& config;
  Tensor inputs, targets;  // [n, …], normalised
};

/// The buffers that one thread works in.
struct Workspace {
  explicit Workspace(const Problem& problem)
      : pass(problem.model.ensemble().shape(), problem.config.batch, kernels::Use::training,
             problem.config.precision),
        x(torch::empty({problem.config.batch, problem.inputs.size(1)})),
        y(torch::empty({problem.config.batch, problem.targets.size(1)})),
        output_gradient(
            torch::empty({problem.config.batch, problem.model.ensemble().shape().output()})),
        gradient(static_cast<size_t>(problem.model.ensemble().shape().effective_count())) {}
  kernels::MlpPass pass;
  Tensor x, y;                  // a minibatch
  Tensor output_gradient;       // dL/d(the network's outputs)
  std::vector<float> gradient;  // dL/d(effective weights)
};

/// The rows `index` [m] int64 of `from` [n, d], to `to` [m, d]: index_select_out without torch's
/// bookkeeping. All contiguous.
void copy_rows(const Tensor& from, const Tensor& index, Tensor& to) {
  const int64_t width = from.size(1);
  TORCH_CHECK(to.size(0) == index.size(0) && to.size(1) == width, "copy_rows: sizes differ");
  const float* source = from.data_ptr<float>();
  const int64_t* row = index.data_ptr<int64_t>();
  float* destination = to.data_ptr<float>();
  for (int64_t i = 0; i < index.size(0); ++i, destination += width)
    std::copy_n(source + row[i] * width, width, destination);
}

/// One member's way through a fit, an epoch at a time.
class MemberFit {
 public:
  MemberFit(Problem& problem, int64_t member, int64_t epochs, RandomStream random)
      : problem_(problem),
        member_(member),
        schedule_(problem.config, problem.inputs.size(0), epochs, std::move(random)) {
    if (problem.model.config().head == Head::gaussian) {
      bounds_ = problem.model.variance_bounds()[member];
      bounds_moments_ = torch::zeros({2, bounds_.numel()});
      bounds_gradient_ = torch::zeros_like(bounds_);
    }
  }

  const FitSchedule& schedule() const { return schedule_; }
  bool finished() const { return schedule_.finished(); }
  int64_t epoch() const { return schedule_.epoch(); }

  void run_epoch(Workspace& workspace) {
    const double train_loss = sweep(schedule_.shuffle(), workspace, true);
    const bool wanted = schedule_.wants_holdout();
    schedule_.end_epoch(train_loss, wanted ? sweep(schedule_.holdout(), workspace, false) : 0.0);
  }

 private:
  /// The mean loss over the rows of `index`, minibatch by minibatch, training on each if asked to.
  double sweep(const Tensor& index, Workspace& workspace, bool train) {
    double total = 0;
    for (int64_t from = 0; from < index.size(0); from += problem_.config.batch) {
      const auto rows =
          index.narrow(0, from, std::min(problem_.config.batch, index.size(0) - from));
      total += batch_loss(rows, workspace, train) * static_cast<double>(rows.size(0));
    }
    return total / static_cast<double>(index.size(0));
  }

  double batch_loss(const Tensor& rows, Workspace& workspace, bool train) {
    auto& ensemble = problem_.model.ensemble();
    const int64_t n = rows.size(0);
    auto x = workspace.x.narrow(0, 0, n), y = workspace.y.narrow(0, 0, n);
    copy_rows(problem_.inputs, rows, x);
    copy_rows(problem_.targets, rows, y);
    const float* weights =
        ensemble.effective().data_ptr<float>() + member_ * ensemble.effective().size(1);
    // Not written to: torch has no blob of constants.
    auto* output = const_cast<float*>(workspace.pass.forward(weights, x.data_ptr<float>(), n));
    const auto raw = torch::from_blob(output, {n, ensemble.shape().output()});
    auto output_gradient = workspace.output_gradient.narrow(0, 0, n);
    Tensor bounds_gradient;
    const double value = train ? differentiate(raw, y, rows, output_gradient, bounds_gradient)
                               : loss(raw, bounds_, y, rows).item<double>();
    if (!std::isfinite(value)) schedule_.stop_at_bad_loss(member_, x, y);
    if (!train) return value;
    // Only the loss may be differentiated by torch; the network is by its own kernel.
    workspace.pass.backward(weights, x.data_ptr<float>(), n, output_gradient.data_ptr<float>(),
                            workspace.gradient.data());
    ensemble.step(member_, workspace.gradient.data(), schedule_.learning_rate());
    if (bounds_.defined()) step_bounds(bounds_gradient);
    return value;
  }

  Tensor loss(const Tensor& raw, const Tensor& bounds, const Tensor& target,
              const Tensor& rows) const {
    return problem_.objective.loss(problem_.model.head(raw, bounds), target, rows);
  }

  /// The loss; its gradient by the network's outputs goes to `output_gradient`, that by the
  /// variance's bounds, where there are any, to `bounds_gradient`.
  double differentiate(const Tensor& raw, const Tensor& target, const Tensor& rows,
                       Tensor& output_gradient, Tensor& bounds_gradient) const {
    if (problem_.model.config().head == Head::deterministic)
      return problem_.objective.loss_and_gradient(raw, target, rows, output_gradient);
    const torch::AutoGradMode mode(true);
    const auto output = raw.detach().requires_grad_(), bounds = bounds_.detach().requires_grad_();
    const auto value = loss(output, bounds, target, rows);
    const auto gradients = torch::autograd::grad({value}, {output, bounds});
    output_gradient.copy_(gradients[0]);
    bounds_gradient = gradients[1];
    return value.item<double>();
  }

  /// Adam on the variance's bounds.
  void step_bounds(const Tensor& gradient) {
    bounds_gradient_.copy_(gradient);
    bounds_gradient_[1] += DynamicsModel::bounds_pull;
    bounds_gradient_[0] -= DynamicsModel::bounds_pull;
    kernels::AdamRates rates;
    rates.learning_rate = static_cast<float>(schedule_.learning_rate());
    kernels::adam_step({bounds_.data_ptr<float>(), bounds_moments_[0].data_ptr<float>(),
                        bounds_moments_[1].data_ptr<float>()},
                       bounds_gradient_.data_ptr<float>(), bounds_.numel(), ++bounds_steps_, rates);
  }

  Problem& problem_;
  int64_t member_;
  FitSchedule schedule_;
  Tensor bounds_, bounds_moments_, bounds_gradient_;
  int64_t bounds_steps_ = 0;
};

/// Hands out epochs of members, the one that is furthest behind first, so that cores stay busy
/// whatever their number and the members'.
class Schedule {
 public:
  explicit Schedule(std::vector<MemberFit>& members) : members_(members), busy_(members.size()) {}

  /// The next member to advance by an epoch; nothing when all are done or one has failed.
  MemberFit* take() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!failed_) {
      MemberFit* best = nullptr;
      bool unfinished = false;
      for (size_t k = 0; k < members_.size(); ++k) {
        // A busy one is its worker's to look at, and this is asked again when it is given back.
        if (!busy_[k] && members_[k].finished()) continue;
        unfinished = true;
        if (!busy_[k] && (best == nullptr || members_[k].epoch() < best->epoch()))
          best = &members_[k];
      }
      if (!unfinished) return nullptr;
      if (best != nullptr) {
        busy_[index(best)] = true;
        return best;
      }
      freed_.wait(lock);
    }
    return nullptr;
  }
  void give_back(MemberFit* member, bool failed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    busy_[index(member)] = false;
    failed_ = failed_ || failed;
    freed_.notify_all();
  }

 private:
  size_t index(const MemberFit* member) const {
    return static_cast<size_t>(member - members_.data());
  }

  std::vector<MemberFit>& members_;
  std::vector<char> busy_;
  bool failed_ = false;
  std::mutex mutex_;
  std::condition_variable freed_;
};

}  // namespace

FitReport fit(DynamicsModel& model, const Transitions& data, Objective& objective,
              const FitConfig& config, int64_t epochs, const RandomStream& random,
              Monitor& monitor) {
  TORCH_CHECK(data.size() > 0, "fit needs data");
  if (!kernels::serve(model.ensemble().parameters()))
    return fit_torch(model, data, objective, config, epochs, random, monitor);
  const torch::NoGradGuard no_grad;
  model.set_statistics(data);
  objective.prepare(data);
  Problem problem{model, objective, config,
                  model.inputs(data.observation, data.action).contiguous(),
                  model.targets(data).contiguous()};
  std::vector<MemberFit> members;
  for (int64_t k = 0; k < model.members(); ++k)
    members.emplace_back(problem, k, epochs, random.split(static_cast<uint64_t>(k)));

  Schedule schedule(members);
  std::atomic<int64_t> epochs_run{0};
  const std::thread::id caller = std::this_thread::get_id();
  parallel_for(worker_count(), [&](int64_t) {
    const torch::NoGradGuard no_grad_here;  // a guard is of one thread
    Workspace workspace(problem);
    while (MemberFit* member = schedule.take()) {
      try {
        member->run_epoch(workspace);
      } catch (...) {
        schedule.give_back(member, true);
        throw;
      }
      schedule.give_back(member, false);
      const auto done = static_cast<double>(++epochs_run);
      if (std::this_thread::get_id() == caller)
        monitor.progress("fit", done / static_cast<double>(epochs * model.members()));
    }
  });

  FitReport report;
  for (const auto& member : members) member.schedule().add_to(report, model.members());
  return report;
}

}  // namespace reverie
