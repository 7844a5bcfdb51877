// Physics by MuJoCo.
#pragma once

#include <reverie/envs/mujoco_body.h>
#include <reverie/envs/quantity.h>
#include <reverie/envs/simulation.h>

#include <array>
#include <functional>
#include <utility>

namespace reverie {

/// How an initial state is drawn: the body's reference pose at rest, plus noise on each coordinate.
struct ResetNoise {
  enum class Kind { uniform, normal };  ///< U(-scale, scale) or N(0, scale²).
  Kind position_kind = Kind::uniform;
  double position_scale = 0;
  Kind velocity_kind = Kind::uniform;
  double velocity_scale = 0;
  /// Instead of one scale, each coordinate's own: [nq] and [nv]; empty: the one.
  std::vector<double> position_scales = {}, velocity_scales = {};
};

/// Where an episode begins, before the noise.
struct Start {
  int keyframe = -1;  ///< Of the MJCF; -1: its reference pose.
  /// Coordinates of qpos that are elsewhere than there.
  std::vector<std::pair<int, double>> position = {};
};

/// What a reset puts somewhere else for each episode: a coordinate of it is drawn evenly from
/// `low` to `high`. In the world's frame; a site on a mocap body takes the body along.
struct Goal {
  enum class Of { site, mocap_body, joint };  ///< A joint's one coordinate: `low[0]`, `high[0]`.
  Of of = Of::site;
  std::string name;
  std::array<double, 3> low{}, high{};
};

/// U(-scale, scale) on positions and velocities.
inline constexpr ResetNoise uniform_noise(double scale) {
  return {ResetNoise::Kind::uniform, scale, ResetNoise::Kind::uniform, scale};
}

/// Moves what a reset has drawn to where a task wants it: position [nq], velocity [nv].
using Arrange = std::function<void(RandomStream& random, std::span<double> position,
                                   std::span<double> velocity)>;

/// What a MujocoSimulation is made of.
struct SimulationPlan {
  std::string body;     ///< As mujoco_body() takes it.
  double timestep = 0;  ///< Likewise.
  int frame_skip = 1;   ///< Of the body's own steps in a control step.
  ResetNoise reset = {};
  Start start = {};
  Arrange arrange = nullptr;
  std::vector<Goal> goals = {};  ///< Drawn after all else of a reset.
  std::vector<Quantity> measured = {};  ///< Beside qpos and qvel.
  /// Whether a control step ends with mj_forward, as rllab's does: what is measured is then of the
  /// state reached, not of the one before the last of the body's own steps.
  bool forward_after_step = false;
  /// Whether actions are given in halves of the actuators' ranges, from their middles: -1 to 1.
  bool normalised_actions = false;
  /// Whether a divergence is measured instead of thrown: a measurement then has one number more,
  /// the last, 1 where the step diverged; the rest is what was before that step.
  bool measures_divergence = false;
};

/// A MuJoCo body under its actuators. A control step is `frame_skip` steps of the body's own
/// length, the controls held. A measurement is qpos, then qvel, then what else the plan measures,
/// as MuJoCo leaves it after a step: positions of bodies, say, are those before the last of its own
/// steps, which is what Gymnasium reads; but see SimulationPlan::forward_after_step.
class MujocoSimulation : public Simulation {
 public:
  /// Throws as mujoco_body() and MeasurementLayout do.
  MujocoSimulation(const SimulationPlan& plan, const EnvConfig& config);

  const mjModel& model() const { return *model_; }
  const mjModel* body() const override { return model_.get(); }
  const mjData& data() const { return *data_; }

  /// Ends as Gymnasium's does, with mj_forward, which also gives the solver its first warm start.
  void reset(RandomStream& random) override;

  /// Throws NonFiniteError where the simulation diverges, but see SimulationPlan: MuJoCo itself
  /// would only count a warning and go on from the reference pose.
  void step(std::span<const double> action) override;

  int64_t measurement_size() const override {
    return layout_.size() + (plan_.measures_divergence ? 1 : 0);
  }
  void measure(std::span<double> out) const override;

  /// qpos, qvel, activations, the solver's warm start, the time, what else is measured, where goals
  /// are and whether it diverged.
  std::vector<double> state() const override;
  void restore(std::span<const double> state) override;

  double seconds_per_step() const override { return plan_.frame_skip * model_->opt.timestep; }
  Pose pose() const override;

  /// Puts the body in a given pose, as if an episode began there. Sizes nq and nv.
  void place(std::span<const double> position, std::span<const double> velocity);

 private:
  /// Where a goal is to be written.
  struct Target {
    Goal goal;
    int index = 0;                    ///< Of the site, the mocap body or the coordinate of qpos.
    std::array<double, 3> offset{};   ///< Of the goal's site from the mocap body's place.
  };
  std::vector<Target> resolve_goals();
  /// To the start's pose, at rest.
  void reset_data();
  void draw_goals(RandomStream& random);
  /// MuJoCo computes sites from bodies: marks stand where they were drawn.
  void put_marks();

  enum class Moment { reset, step };
  /// Reads what is measured beside qpos and qvel.
  void read_extras(Moment after);
  /// How the step just taken diverged; empty: it did not.
  std::string divergence() const;
  void require_room() const;
  size_t state_size() const;

  std::shared_ptr<const mjModel> model_;
  std::unique_ptr<mjData, void (*)(mjData*)> data_;
  SimulationPlan plan_;
  MeasurementLayout layout_;
  std::vector<int> sites_;  ///< Those that are measured.
  std::vector<double> extras_;
  std::vector<Target> targets_;
  std::vector<Placed::Mark> marks_;
  std::vector<double> changing_;  ///< Where a rate stands in `extras_`: what changes, as last read.
  bool diverged_ = false;         ///< In the last step; only where that is measured.
};

}  // namespace reverie
