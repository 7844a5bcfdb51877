#include <reverie/cli/commands.h>
#include <reverie/cli/report.h>
#include <reverie/cli/variation.h>
#include <reverie/core/counted.h>
#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>
#include <reverie/envs/variations/variations.h>
#include <reverie/pictures/renderer.h>
#include <reverie/pictures/video.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/runs/saved_agent.h>
#include <reverie/runs/stop_signal.h>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>

namespace reverie::cli {
namespace {

/// What is to be seen: a task, and who acts in it.
class Show {
 public:
  explicit Show(const WatchOptions& options) : seed_(static_cast<uint64_t>(options.seed)) {
    if (options.task.empty() && options.policy.empty())
      throw UsageError("watch takes a TASK, or a run by --policy DIR");
    // A run that stands where a task should: its policy, on its task.
    const bool run_alone = options.policy.empty() && is_run(options.task);
    if (run_alone || !options.policy.empty()) open(run_alone ? options.task : options.policy);
    if (!options.task.empty() && !run_alone) {
      const TaskEntry& task = find_task(options.task);
      if (!task_ || task_->name != task.name)
        env_ = {};  // the run's variations are of its own task
      task_ = &task;
    }
    Settings settings;
    settings.group("env", env_);
    vary(settings, options.sets, report);
    spec_ = make_environment().task().spec();  // refuses settings that mean nothing to it
    require_fit();
    if (!actor_) actor_ = uniform_actor(spec_);
  }

  const TaskSpec& spec() const { return spec_; }
  std::string acting() const {
    return saved_ ? fmt::format("{} at {} real steps, mean actions", run_, saved_->env_steps)
                  : "uniform random actions";
  }

  std::string varied() const {
    const std::string text = words(env_);
    return text.empty() ? text : "; " + text;
  }

  Environment make_environment() const {
    return {task_->make_task(env_), task_->make_simulation(env_)};
  }
  RandomStream initial_states() const { return {seed_, "watch command"}; }
  RandomStream actions() const { return {seed_, "watch command/actions"}; }

  /// Who acts, in one environment.
  Actor& actor() const { return *actor_; }

 private:
  void open(const std::string& run) {
    run_ = run;
    const RunFolder folder = open_run(run);
    const Experiment experiment = read_experiment(folder.config());
    task_ = experiment.task;
    env_ = experiment.env;
    saved_.emplace(experiment, folder, [](const std::string& line) { report("warning: " + line); });
    actor_ = saved_->actor();
  }

  void require_fit() const {
    if (!saved_) return;
    const TaskSpec& trained = saved_->task().spec();
    if (trained.observation_size != spec_.observation_size ||
        trained.action_size() != spec_.action_size())
      throw UsageError(fmt::format(
          "the policy of {} takes {} observations and gives {} actions; {} has {} and {}", run_,
          trained.observation_size, trained.action_size(), spec_.name, spec_.observation_size,
          spec_.action_size()));
  }

  uint64_t seed_;
  std::string run_;
  const TaskEntry* task_ = nullptr;
  EnvConfig env_;
  TaskSpec spec_;
  std::optional<SavedAgent> saved_;
  std::unique_ptr<Actor> actor_;
};

/// Images of an environment's state.
class Artist {
 public:
  Artist(int64_t size, Renderer::Quality quality)
      : renderer_(static_cast<int>(size), static_cast<int>(size), quality),
        image_(static_cast<size_t>(3 * size * size)) {}

  std::span<const uint8_t> draw(const Simulation& simulation) {
    Pose pose = simulation.pose();
    renderer_.draw(*pose.body, pose.position, image_, pose.placed, pose.sites);
    pose_ = std::move(pose);
    return image_;
  }

 private:
  Renderer renderer_;
  Pose pose_;  // kept until another is drawn, since the renderer remembers its body
  std::vector<uint8_t> image_;
};

/// Episodes of a show, step by step.
class Play {
 public:
  explicit Play(const Show& show)
      : actor_(show.actor()),
        environment_(show.make_environment()),
        states_(show.initial_states()),
        random_(show.actions()) {}

  const Environment& environment() const { return environment_; }
  Simulation& simulation() { return environment_.simulation(); }
  bool ended() const { return ended_; }

  void begin() {
    observation_ = seen(environment_.reset(states_).unsqueeze(0));
    actor_.begin(torch::ones({1}, torch::kBool));
    ended_ = false;
  }
  /// Returns the reward.
  double step() {
    const Tensor action = actor_.act(observation_, Mode::exploit, random_);
    const StepResult result = environment_.step(action[0]);
    const Tensor next = seen(result.next_observation);
    tell(actor_, {observation_, action, result.reward.to(torch::kFloat32), next, result.terminated,
                  result.truncated});
    observation_ = next;
    ended_ = (result.terminated | result.truncated).item<bool>();
    return result.reward.item<double>();
  }

 private:
  static Tensor seen(const Tensor& observation) { return observation.to(torch::kFloat32); }

  Actor& actor_;
  Environment environment_;
  RandomStream states_, random_;
  Tensor observation_;  // [1, o]
  bool ended_ = false;
};

void take_picture(const Show& show, const WatchOptions& options) {
  Play play(show);
  play.begin();
  while (play.environment().time() < options.at && !play.ended()) play.step();
  Artist artist(options.size, Renderer::Quality::fine);
  const auto size = static_cast<int>(options.size);
  write_png(options.picture, size, size, artist.draw(play.simulation()));
  fmt::print("{}: the state after {}{}\n", options.picture,
             counted(play.environment().time(), "step"),
             play.environment().time() < options.at ? ", where the episode ended" : "");
}

/// A video in the making: which of an environment's steps are frames of it.
class Film {
 public:
  Film(const WatchOptions& options, double seconds_per_step)
      : seconds_per_step_(seconds_per_step),
        // Each frame is a whole number of steps, so that it plays in real time exactly.
        steps_per_frame_(std::max<int64_t>(
            1, std::llround(std::ceil(
                   1 / (seconds_per_step * static_cast<double>(options.frame_rate)) - 1e-6)))),
        artist_(options.size, Renderer::Quality::fast),
        writer_(options.video, static_cast<int>(options.size), static_cast<int>(options.size),
                frame_rate()) {
    if (!writer_.remark().empty()) report(writer_.remark());
  }

  double frame_rate() const {
    return 1 / (seconds_per_step_ * static_cast<double>(steps_per_frame_));
  }
  double seconds() const { return static_cast<double>(writer_.frames()) / frame_rate(); }

  void see(Play& play) {
    if (play.environment().time() % steps_per_frame_ != 0 && !play.ended()) return;
    writer_.add(artist_.draw(play.simulation()));
  }
  void finish() { writer_.finish(); }
  const VideoWriter& writer() const { return writer_; }

 private:
  double seconds_per_step_;
  int64_t steps_per_frame_;
  Artist artist_;
  VideoWriter writer_;
};

/// Returns the exit code.
int film(const Show& show, const WatchOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  Play play(show);
  Film film(options, play.simulation().seconds_per_step());
  const auto over = [&] {
    return stop_signal() != 0 || (options.seconds > 0 && film.seconds() >= options.seconds);
  };
  for (int64_t episode = 1; episode <= options.episodes && !over(); ++episode) {
    play.begin();
    film.see(play);
    double episode_return = 0;
    while (!play.ended() && !over()) {
      episode_return += play.step();
      film.see(play);
    }
    fmt::print("episode {}: return {:.2f}, {}{}\n", episode, episode_return,
               counted(play.environment().time(), "step"), play.ended() ? "" : ", cut short");
  }
  if (film.writer().frames() > 0) film.finish();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  fmt::print("{}: {:.1f} s, {} at {:.4g} a second; took {:.1f} s: {:.1f} times real time\n",
             film.writer().path().string(), film.seconds(),
             counted(film.writer().frames(), "frame"), film.frame_rate(), taken.count(),
             film.seconds() / taken.count());
  return stop_signal() == 0 ? 0 : 128 + stop_signal();
}

void require_ending(const std::string& file, const char* ending, const char* kind) {
  if (!file.empty() && std::filesystem::path(file).extension() != ending)
    throw UsageError(
        fmt::format("a {}'s name ends in {}, which '{}' does not", kind, ending, file));
}

}  // namespace

int watch(const WatchOptions& options) {
  if (options.video.empty() && options.picture.empty())
    throw UsageError("watch draws: give --video FILE.mp4 or --picture FILE.png, or both");
  require_ending(options.video, ".mp4", "video");
  require_ending(options.picture, ".png", "picture");
  if (!options.video.empty() && options.size % 2 != 0)
    throw UsageError(fmt::format("a video's --size must be even, not {}", options.size));
  if (!options.video.empty())
    install_stop_signals("reverie: finishing the video; once more leaves a broken .part of it",
                         "reverie: stopped at once: what there is of the video is a broken .part");
  set_worker_count(1);  // the other cores draw, and encode
  const torch::NoGradGuard no_grad;
  const Show show(options);
  fmt::print("{}: {}, seed {}{}\n", show.spec().name, show.acting(), options.seed, show.varied());
  if (!options.picture.empty()) take_picture(show, options);
  return options.video.empty() ? 0 : film(show, options);
}

}  // namespace reverie::cli
