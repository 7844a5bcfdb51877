// Physics by MuJoCo.
#pragma once

#include <reverie/envs/mujoco/body.h>
#include <reverie/envs/mujoco/quantity.h>
#include <reverie/envs/simulation.h>

#include <array>
#include <functional>
#include <utility>

namespace reverie {

/// How an initial state is drawn: the start pose, plus noise on each coordinate.
struct ResetNoise {
  enum class Kind { uniform, normal };  ///< U(-scale, scale) or N(0, scale²).
  Kind position_kind = Kind::uniform;
  double position_scale = 0;
  Kind velocity_kind = Kind::uniform;
  double velocity_scale = 0;
  /// Per-coordinate scales instead of the single one: [nq] and [nv]; empty: the single one.
  std::vector<double> position_scales = {}, velocity_scales = {};
};

/// Where an episode begins, before the noise.
struct Start {
  int keyframe = -1;  ///< Of the MJCF; -1: its reference pose.
  /// Overrides of single coordinates: index in qpos, value.
  std::vector<std::pair<int, double>> position = {};
};

/// What a reset moves for each episode: each coordinate is drawn uniformly from `low` to `high`, in
/// the world frame. A site on a mocap body takes the body along.
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

/// Adjusts the state a reset has drawn to what a task wants: position [nq], velocity [nv].
using Arrange = std::function<void(RandomStream& random, std::span<double> position,
                                   std::span<double> velocity)>;

/// What a MujocoSimulation is built from.
struct SimulationPlan {
  std::string body;     ///< As mujoco_body() takes it.
  double timestep = 0;  ///< Likewise.
  int frame_skip = 1;   ///< Physics steps per control step.
  ResetNoise reset = {};
  Start start = {};
  Arrange arrange = nullptr;
  std::vector<Goal> goals = {};         ///< Drawn after everything else in a reset.
  std::vector<Quantity> measured = {};  ///< Besides qpos and qvel.
  /// Whether a control step ends with mj_forward, as rllab's does: measurements are then of the
  /// state reached, not of the one before the last physics step.
  bool forward_after_step = false;
  /// Whether actions are normalised: -1 to 1 maps to each actuator's range.
  bool normalised_actions = false;
  /// Whether divergence is measured instead of thrown: a measurement then ends with one more
  /// number, 1 where the step diverged; the rest is then as before that step.
  bool measures_divergence = false;
};

/// A MuJoCo body driven by its actuators. A control step is `frame_skip` physics steps with the
/// controls held. A measurement is qpos, then qvel, then what else the plan measures, as MuJoCo
/// leaves it after a step: body positions, for example, are those before the last physics step,
/// which is what Gymnasium reads; but see SimulationPlan::forward_after_step.
class MujocoSimulation : public Simulation {
 public:
  /// Throws as mujoco_body() and MeasurementLayout do.
  MujocoSimulation(const SimulationPlan& plan, const EnvConfig& config);

  const mjModel& model() const { return *model_; }
  const mjModel* body() const override { return model_.get(); }
  const mjData& data() const { return *data_; }

  /// Ends with mj_forward, as Gymnasium's does, which also gives the solver its first warm start.
  void reset(RandomStream& random) override;

  /// Throws NonFiniteError where the simulation diverges, unless the plan measures divergence.
  /// (MuJoCo itself would only count a warning and continue from the reference pose.)
  void step(std::span<const double> action) override;

  int64_t measurement_size() const override {
    return layout_.size() + (plan_.measures_divergence ? 1 : 0);
  }
  void measure(std::span<double> out) const override;

  /// qpos, qvel, activations, the solver's warm start, the time, the other measurements, the goals'
  /// positions and whether it diverged.
  std::vector<double> state() const override;
  void restore(std::span<const double> state) override;

  double seconds_per_step() const override { return plan_.frame_skip * model_->opt.timestep; }
  Pose pose() const override;

  /// Puts the body in a given state, as if an episode began there. Sizes nq and nv.
  void place(std::span<const double> position, std::span<const double> velocity);

 private:
  /// Where a goal is written.
  struct Target {
    Goal goal;
    int index = 0;                   ///< Of the site, the mocap body or the coordinate of qpos.
    std::array<double, 3> offset{};  ///< From the mocap body's position to the goal's site.
  };
  std::vector<Target> resolve_goals();
  /// Resets to the start pose; at rest, unless a keyframe has velocities.
  void reset_data();
  void draw_goals(RandomStream& random);
  /// Moves marks back to where they were drawn: MuJoCo computes site positions from bodies.
  void put_marks();

  enum class Moment { reset, step };
  /// Reads what is measured besides qpos and qvel.
  void read_extras(Moment after);
  /// How the last step diverged; empty: it did not.
  std::string divergence() const;
  void require_room() const;
  size_t state_size() const;

  std::shared_ptr<const mjModel> model_;
  std::unique_ptr<mjData, void (*)(mjData*)> data_;
  SimulationPlan plan_;
  MeasurementLayout layout_;
  std::vector<int> sites_;  ///< The measured ones.
  std::vector<double> extras_;
  std::vector<Target> targets_;
  std::vector<Placed::Mark> marks_;
  std::vector<double> changing_;  ///< At each rate's place in `extras_`: its quantity's last value.
  bool diverged_ = false;         ///< In the last step; only where that is measured.
};

}  // namespace reverie
