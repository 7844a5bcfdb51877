#include <reverie/runs/trainer.h>

#include <reverie/core/device.h>
#include <reverie/core/error.h>
#include <reverie/policies/policy.h>
#include <reverie/runs/evaluate.h>
#include <reverie/runs/files.h>
#include <reverie/runs/recovery.h>
#include <reverie/runs/robot_copy.h>
#include <reverie/runs/same_settings.h>

#include <fmt/core.h>

#include <algorithm>

namespace reverie {
namespace {

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double seconds_since(std::chrono::steady_clock::time_point moment) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - moment).count();
}

}  // namespace

Trainer::Trainer(Experiment& experiment, const RunFolder& folder, TrainingView& view)
    : experiment_(experiment),
      folder_(folder),
      view_(view),
      monitor_(view),
      store_(folder.store()),
      checkpoints_(folder.checkpoints()),
      session_(*experiment.task, experiment.env, experiment.method->name,
               static_cast<uint64_t>(experiment.run.seed), parse_device(experiment.run.device),
               monitor_) {
  make_folder(folder.checkpoints());
  remove_leftovers(folder);
  agent_ = experiment.method->make(*experiment.agent, session_);
  phases_ = agent_->iteration();
  signs_ = std::make_unique<Signs>(session_.task().spec().horizon, *experiment.agent);
  first_unix_time_ = unix_time();
}

Trainer::~Trainer() = default;

void Trainer::serialize(Archive& archive) {
  std::string method = experiment_.method->name;
  std::string task = experiment_.task->name;
  archive("method", method);
  archive("task", task);
  if (method != experiment_.method->name || task != experiment_.task->name)
    throw Error(fmt::format("the checkpoint is of {} on {}, config.toml says {} on {}", method,
                            task, experiment_.method->name, experiment_.task->name));
  std::string settings = settings_that_matter(experiment_);
  archive("settings", settings);
  if (archive.reading()) {
    require_same_settings(settings, experiment_);
    if (const auto note = built_otherwise(settings, *experiment_.task); !note.empty()) warn(note);
  }
  archive.count("phases", phases_done_);
  archive("unfinished", unfinished_);
  bool between = phase() == 0;  // so that a reader need not know what an iteration is made of
  archive("between_iterations", between);
  if (unfinished_ && (phases_done_ == 0 || phase() != 0))
    archive.refuse("unfinished", "an iteration that is not at its end");
  int64_t env_steps = session_.steps();  // so that a reader of the agent alone needs no world
  archive.count("env_steps", env_steps);
  archive("session", session_);
  archive("agent", *agent_);
  archive("pending", monitor_);
}

void Trainer::warn(const std::string& line) {
  view_.note("warning: " + line);
  store_.add_event("warning", line);
}

void Trainer::resume() {
  if (const auto note = original_has_changed(*experiment_.task); !note.empty()) warn(note);
  auto loaded = checkpoints_.load_newest([this](const std::string& line) { warn(line); });
  if (loaded) {
    loaded->archive.keep_beside(&checkpoints_.segments());
    serialize(loaded->archive);
    checkpoints_.segments().begin_with(loaded->archive);
    saved_phases_ = phases_done_;
    saved_unfinished_ = unfinished_;
    imagined_before_ = session_.imagined_steps();
    checkpoints_.set_aside_after(loaded->number);
    recover_store();
    earlier_seconds_ = seconds_until(loaded->number);
  } else if (const std::string lost = lost_checkpoint(folder_, store_); !lost.empty()) {
    // Beginning again would cost what somebody else may still have.
    throw Error(lost);
  } else if (!experiment_.run.from.empty()) {
    start_from();
  }
  first_steps_ = session_.steps();
  resumed_ = true;
  store_.truncate_after(told());
  store_.truncate_checkpoints_after(phases_done_);
  recall();
}

void Trainer::recall() {
  const auto rows = store_.iterations();
  for (const auto& row : rows) {
    const auto wall = row.metrics.find("time/wall");
    if (wall != row.metrics.end()) pace_.add(row.env_steps, wall->second);
    signs_->see(row);
  }
  view_.history(rows);
}

std::string Trainer::start_from() {
  Archive saved = decode_checkpoint(read_file(folder_.start()));
  std::string method;
  saved("method", method);
  if (method != experiment_.method->name)
    throw UsageError(fmt::format("what it starts from was trained by {}, this is {}", method,
                                 experiment_.method->name));
  int64_t steps = 0;
  saved("env_steps", steps);
  const std::string taken =
      fmt::format("{}, as they were at {} real steps", agent_->start_from(saved), steps);
  store_.add_event("from", taken);
  return taken;
}

// The row follows its checkpoint's file: a kill between them leaves only what the metrics say.
double Trainer::seconds_until(int64_t checkpoint) const {
  if (const auto row = store_.checkpoint(checkpoint)) return row->wall_seconds;
  double seconds = 0;
  for (const auto& row : store_.iterations()) {
    const auto wall = row.metrics.find("time/wall");
    if (row.iteration <= told() && wall != row.metrics.end()) seconds = wall->second;
  }
  return seconds;
}

bool Trainer::finished() const {
  return phase() == 0 && !unfinished_ && session_.steps() >= experiment_.run.steps;
}

bool Trainer::is_last(Archive& checkpoint, int64_t budget) {
  bool between = false, unfinished = false;
  int64_t steps = 0;
  checkpoint("between_iterations", between);
  checkpoint("unfinished", unfinished);
  checkpoint("env_steps", steps);
  return between && !unfinished && steps >= budget;
}

double Trainer::wall_seconds() const {
  return earlier_seconds_ + seconds_since(start_);
}

RunStatus Trainer::status() const {
  RunStatus status{iterations(), session_.steps(), experiment_.run.steps, wall_seconds(),
                   pace_.seconds_left(experiment_.run.steps)};
  for (const Phase& phase : phases_) status.phases.push_back(phase.name);
  return status;
}

bool Trainer::run(const std::function<bool()>& stop) {
  open_events();
  if (first_steps_ == 0) store_.add_event("start", host_description());
  if (resumed_ && !finished())
    store_.add_event("resume", fmt::format("from {} real steps", first_steps_));
  try {
    while (!finished()) {
      monitor_.set_status(status());
      if (!run_phase(stop) || (stop() && !finished())) {
        checkpoint();
        write_policy();
        write_summary_now();
        store_.add_event("stop", fmt::format("at {} real steps", session_.steps()));
        return false;
      }
      // The first iteration is saved whatever it took: a run that dies early has something to go
      // on.
      const bool due = seconds_since(saved_at_) >= experiment_.run.checkpoint_seconds;
      if (phase() == 0 && (due || iterations() == 1)) checkpoint();
    }
  } catch (const NonFiniteError& error) {
    save_failed_state(error.evidence());
    throw NonFiniteError(fmt::format("{} (iteration {}, {} real steps); what led to it is in {}",
                                     error.what(), iterations() + 1, session_.steps(),
                                     folder_.failed().string()));
  }
  finish();
  return true;
}

bool Trainer::run_phase(const std::function<bool()>& stop) {
  if (unfinished_) return finish_iteration(stop);
  const Phase& now = phases_[static_cast<size_t>(phase())];
  monitor_.timed(now.name, now.run);
  if (session_.environments() > 0) monitor_.add_episodes(session_.world().take_finished());
  ++phases_done_;
  if (phase() != 0) return true;
  unfinished_ = true;
  return finish_iteration(stop);
}

bool Trainer::evaluation_due() const {
  const int64_t every = experiment_.run.eval_every;
  return session_.steps() >= experiment_.run.steps || (every > 0 && iterations() % every == 0);
}

bool Trainer::finish_iteration(const std::function<bool()>& stop) {
  std::optional<EvaluationRow> evaluation;
  if (evaluation_due()) {
    const bool last = session_.steps() >= experiment_.run.steps;
    // The last one is long: a kill or a stop in it is to cost nothing of the iteration.
    if (last) checkpoint();
    monitor_.timed("evaluate",
                   [&] { evaluation = evaluate_policy(last ? stop : std::function<bool()>()); });
    if (!evaluation) return false;
    monitor_.record("eval/return", evaluation->return_mean);
    monitor_.record("eval/return_std", evaluation->return_std);
    monitor_.record("eval/episodes", static_cast<double>(evaluation->episodes));
    monitor_.record("eval/return_stderr",
                    standard_error(evaluation->return_std, evaluation->episodes));
  }
  unfinished_ = false;
  record_imagination();
  monitor_.record("time/wall", wall_seconds());
  IterationRow row = monitor_.take(iterations(), session_.steps());
  row.evaluation = evaluation;
  if (!row.episodes.empty()) {
    std::vector<double> returns;
    for (const auto& episode : row.episodes) returns.push_back(episode.episode_return);
    row.metrics.try_emplace("return/real", spread(returns).mean);
    double steps = 0;
    for (const auto& episode : row.episodes) steps += static_cast<double>(episode.length);
    row.metrics.try_emplace("episode/length", steps / static_cast<double>(row.episodes.size()));
  }
  add_rates(row.metrics);
  pace_.add(session_.steps(), wall_seconds());
  store_.add(row);
  events_->add(first_unix_time_ + wall_seconds(), row.env_steps, row.metrics);
  if (row.evaluation) write_summary_now();
  view_.iteration(row, status());
  for (const auto& line : signs_->see(row)) {
    add_event_once("sign", line);
    view_.note(fmt::format("sign, at {} real steps: {}; docs/learning.md", row.env_steps, line));
  }
  return true;
}

void Trainer::record_imagination() {
  const int64_t steps = session_.imagined_steps() - imagined_before_;
  const double seconds = session_.imagine_seconds() - imagine_seconds_before_;
  imagined_before_ = session_.imagined_steps();
  imagine_seconds_before_ = session_.imagine_seconds();
  if (session_.imagined_steps() == 0) return;
  monitor_.record("imagination/steps", static_cast<double>(session_.imagined_steps()));
  monitor_.record("time/imagine", seconds);
  if (seconds > 0 && steps > 0)  // a process that resumed after it knows of none
    monitor_.record("time/imagined_steps_per_second", static_cast<double>(steps) / seconds);
}

void Trainer::add_rates(std::map<std::string, double>& metrics) const {
  const auto rows = metrics.find("model/rows_fitted"), seconds = metrics.find("time/fit");
  if (rows == metrics.end() || seconds == metrics.end() || seconds->second <= 0) return;
  metrics["time/fit_rows_per_second"] = rows->second / seconds->second;
}

// The last evaluation is what the run is quoted by: a third digit of it should mean something. But
// it is not to take longer than the run.
EpisodeBudget Trainer::episode_budget() const {
  constexpr int64_t least = 100;
  constexpr double precision = 0.005;
  constexpr int64_t most_steps = 100'000;
  const int64_t usual = experiment_.run.eval_episodes;
  const int64_t most = std::max(usual, experiment_.run.final_episodes);
  if (session_.steps() < experiment_.run.steps) return {usual, usual, 0, usual};
  return {std::max(usual, std::min(least, most)), most, precision, usual,
          std::min(most_steps, experiment_.run.steps / 2)};
}

std::optional<EvaluationRow> Trainer::evaluate_policy(const std::function<bool()>& stop) {
  const auto seed = static_cast<uint64_t>(experiment_.run.seed);
  // The stream depends on the iteration alone: an evaluation leaves no state behind to save.
  const auto random = RandomStream(seed, "evaluation").split(static_cast<uint64_t>(iterations()));
  bool stopped = false;
  const auto found =
      evaluate(*agent_->actor(), *experiment_.task, experiment_.env, episode_budget(),
               Mode::exploit, random, [&] { return stopped = stop && stop(); });
  if (stopped) return std::nullopt;
  const Spread returns = spread(found.returns);
  return EvaluationRow{iterations(), session_.steps(), static_cast<int64_t>(found.returns.size()),
                       returns.mean, returns.std};
}

void Trainer::checkpoint() {
  if (saved_phases_ == phases_done_ && saved_unfinished_ == unfinished_) return;
  Archive archive;
  archive.keep_beside(&checkpoints_.segments());
  serialize(archive);
  checkpoints_.save(phases_done_, archive);
  // Only now: a row without its file would promise a way back that there isn't.
  store_.add(CheckpointRow{phases_done_, told(), session_.steps(), wall_seconds()});
  saved_phases_ = phases_done_;
  saved_unfinished_ = unfinished_;
  saved_at_ = std::chrono::steady_clock::now();
}

void Trainer::finish() {
  checkpoint();
  write_policy();
  write_summary_now();
  add_event_once("finish", fmt::format("{} real steps", session_.steps()));
}

// What a run that was killed and resumed lives again is no news.
void Trainer::add_event_once(std::string_view kind, const std::string& text) {
  const auto events = store_.events();
  const bool told = std::any_of(events.begin(), events.end(), [&](const EventRow& event) {
    return event.kind == kind && event.text == text;
  });
  if (!told) store_.add_event(kind, text);
}

void Trainer::write_policy() const {
  if (const Policy* policy = agent_->policy())
    write_file_atomically(folder_.policy(), policy->torchscript(session_.task().spec()));
}

void Trainer::write_summary_now() {
  write_summary(folder_, experiment_, store_,
                {session_.steps(), finished(), wall_seconds(), session_.imagined_steps()});
}

void Trainer::save_failed_state(const std::string& evidence) noexcept {
  // Whatever fails here must not hide the error that brought us.
  try {
    Archive archive;
    serialize(archive);
    std::string batch = evidence;  // an archive of its own, inside
    archive("evidence", batch);
    write_file_atomically(folder_.failed(), encode_checkpoint(archive));
  } catch (const std::exception& error) {
    view_.note(fmt::format("warning: {}", error.what()));
  }
}

void Trainer::open_events() {
  const double now = unix_time();
  first_unix_time_ = now - wall_seconds();
  events_ = std::make_unique<EventFile>(folder_.root(), now);
  tell_what_the_store_knows(*events_, store_, first_unix_time_, now);
}

void Trainer::recover_store() {
  const std::string lacked =
      complete_from_events(store_, folder_.root(), unix_time(),
                           {told(), session_.steps(), phase() == 0 && !unfinished_});
  if (!lacked.empty()) warn(fmt::format("{} {}", folder_.store().string(), lacked));
}

}  // namespace reverie
