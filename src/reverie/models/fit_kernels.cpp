#include <reverie/models/fit_kernels.h>

#include <reverie/core/workers.h>
#include <reverie/models/member_fit.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

namespace reverie {
namespace {

/// Hands out epochs of members, the one that is furthest behind first, so that cores stay busy
/// whatever their number and the members'. Who finds no member without a thread helps one that has.
class Crew {
 public:
  explicit Crew(std::vector<MemberFit>& members)
      : members_(members), busy_(members.size()), helpers_(members.size()) {}

  struct Turn {
    MemberFit* member = nullptr;  ///< Null: all are done, or one has failed.
    bool leads = false;           ///< Whether to run its epoch, or to help with it.
  };

  Turn take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failed_) return {};
    Turn turn;
    bool any_busy = false;
    for (size_t k = 0; k < members_.size(); ++k) {
      any_busy = any_busy || busy_[k];
      // A busy one is its worker's to look at.
      if (busy_[k] || members_[k].finished()) continue;
      if (!turn.leads || members_[k].epoch() < turn.member->epoch()) turn = {&members_[k], true};
    }
    if (turn.leads) {
      busy_[index(turn.member)] = true;
      turn.member->loop().open();
    } else if (any_busy) {
      turn.member = with_fewest_helpers();
      ++helpers_[index(turn.member)];
    }
    return turn;
  }

  void give_back(const Turn& turn, bool failed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (turn.leads) {
      busy_[index(turn.member)] = false;
      turn.member->loop().close();
    } else {
      --helpers_[index(turn.member)];
    }
    failed_ = failed_ || failed;
  }

 private:
  size_t index(const MemberFit* member) const {
    return static_cast<size_t>(member - members_.data());
  }
  MemberFit* with_fewest_helpers() {
    size_t best = members_.size();
    for (size_t k = 0; k < members_.size(); ++k)
      if (busy_[k] && (best == members_.size() || helpers_[k] < helpers_[best])) best = k;
    return &members_[best];
  }

  std::vector<MemberFit>& members_;
  std::vector<char> busy_;
  std::vector<int> helpers_;
  bool failed_ = false;
  std::mutex mutex_;
};

}  // namespace

FitReport fit_kernels(DynamicsModel& model, const Transitions& data, const Objective& objective,
                      const FitConfig& config, int64_t epochs, const RandomStream& random,
                      Monitor& monitor) {
  const torch::NoGradGuard no_grad;
  FitProblem problem(model, data, objective, config);
  std::vector<MemberFit> members;
  for (int64_t k = 0; k < model.members(); ++k) members.emplace_back(problem, k, epochs, random);

  Crew crew(members);
  std::atomic<int64_t> epochs_run{0};
  const std::thread::id caller = std::this_thread::get_id();
  parallel_for(worker_count(), [&](int64_t) {
    const torch::NoGradGuard no_grad_here;  // a guard is of one thread
    std::optional<FitWorkspace> workspace;
    for (auto turn = crew.take(); turn.member != nullptr; turn = crew.take()) {
      try {
        if (turn.leads) {
          if (!workspace) workspace.emplace(problem);
          turn.member->run_epoch(*workspace);
          ++epochs_run;
        } else {
          turn.member->loop().help();
        }
      } catch (...) {
        crew.give_back(turn, true);
        throw;
      }
      crew.give_back(turn, false);
      if (std::this_thread::get_id() == caller)
        monitor.progress("fit", static_cast<double>(epochs_run.load()) /
                                    static_cast<double>(epochs * model.members()));
    }
  });

  FitReport report;
  for (const auto& member : members) member.schedule().add_to(report, model.members());
  return report;
}

}  // namespace reverie
