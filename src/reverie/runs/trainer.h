// The training loop of every method, with checkpoints and recovery.
#pragma once

#include <reverie/agents/agent.h>
#include <reverie/runs/checkpoint.h>
#include <reverie/runs/evaluate.h>
#include <reverie/runs/event_file.h>
#include <reverie/runs/pace.h>
#include <reverie/runs/run_folder.h>
#include <reverie/runs/run_monitor.h>
#include <reverie/runs/signs.h>
#include <reverie/runs/store.h>

#include <chrono>
#include <functional>
#include <memory>

namespace reverie {

/// Trains an experiment in a run folder that this process holds. It is
///
///     while (steps < budget) { the agent's phases, one by one; evaluate now and then; }
///
/// with a checkpoint between iterations (at most one in `run.checkpoint_seconds`), at a stop
/// between two phases, before the last evaluation, and at the end. When a checkpoint is made
/// changes no result: killed at any moment and resumed, a run ends with the same policy, replay and
/// metrics ("time/…" apart), bit for bit, on the same machine and thread count.
class Trainer {
 public:
  /// The references must outlive the trainer. Throws Error and UsageError as its parts do.
  Trainer(Experiment& experiment, const RunFolder& folder, TrainingView& view);
  ~Trainer();

  /// Restores the newest usable checkpoint (or starts anew where there is none yet) and drops what
  /// the store holds beyond it. Call once, before `run`.
  void resume();

  /// Starts from the folder's start.ckpt, instead of `resume`. Returns a description of what was
  /// taken from it. Throws Error where it can't be read, UsageError where nothing in it fits.
  std::string start_from();

  /// Whether the budget is spent and nothing is left to do.
  bool finished() const;
  /// The same for a checkpoint being read, of a run with a budget of `budget` steps.
  static bool is_last(Archive& checkpoint, int64_t budget);

  /// Trains until the budget is spent (returns true) or `stop` returns true (returns false). `stop`
  /// is called between phases, and between batches of episodes in the last evaluation. Either way
  /// the state is then in a checkpoint. A NonFiniteError leaves the state at the throw in
  /// failed.ckpt, for debugging, and the checkpoints as they were.
  bool run(const std::function<bool()>& stop);

  const Agent& agent() const { return *agent_; }
  const Session& session() const { return session_; }
  int64_t env_steps() const { return session_.steps(); }
  int64_t iterations() const { return phases_done_ / static_cast<int64_t>(phases_.size()); }

  /// The whole state, except clock times.
  void serialize(Archive& archive);

 private:
  /// Phase of the current iteration; 0 between iterations.
  int64_t phase() const { return phases_done_ % static_cast<int64_t>(phases_.size()); }
  /// False where `stop` ended it.
  bool run_phase(const std::function<bool()>& stop);
  bool finish_iteration(const std::function<bool()>& stop);
  bool evaluation_due() const;
  EpisodeBudget episode_budget() const;
  /// Nothing where `stop` ended it.
  std::optional<EvaluationRow> evaluate_policy(const std::function<bool()>& stop);
  /// Number of iterations in the store.
  int64_t told() const { return iterations() - (unfinished_ ? 1 : 0); }
  void checkpoint();
  void add_event_once(std::string_view kind, const std::string& text);
  void finish();
  void write_policy() const;
  /// Restores pace and signs from the iterations in the store.
  void recall();
  void record_imagination();
  void add_rates(std::map<std::string, double>& metrics) const;
  void save_failed_state(const std::string& evidence) noexcept;
  double wall_seconds() const;
  double seconds_until(int64_t checkpoint) const;
  RunStatus status() const;
  void warn(const std::string& line);
  void open_events();
  void recover_store();
  void write_summary_now();

  Experiment& experiment_;
  RunFolder folder_;
  TrainingView& view_;
  RunMonitor monitor_;
  Store store_;
  Checkpoints checkpoints_;
  Session session_;
  std::unique_ptr<Agent> agent_;
  std::vector<Phase> phases_;
  std::unique_ptr<EventFile> events_;
  std::unique_ptr<Signs> signs_;

  int64_t phases_done_ = 0;  // in total: encodes iteration and phase
  bool unfinished_ = false;  // the last iteration still lacks its evaluation and row
  int64_t saved_phases_ = -1;
  bool saved_unfinished_ = false;
  int64_t imagined_before_ = 0;
  double imagine_seconds_before_ = 0;
  double earlier_seconds_ = 0;  // wall-clock of the processes before this one
  int64_t first_steps_ = 0;
  bool resumed_ = false;
  Pace pace_;
  double first_unix_time_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point saved_at_ = start_;
};

}  // namespace reverie
