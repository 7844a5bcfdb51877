// Physics by MuJoCo.
#pragma once

#include <reverie/envs/mujoco_body.h>
#include <reverie/envs/simulation.h>

namespace reverie {

/// How an initial state is drawn: the body's reference pose at rest, plus noise on each coordinate.
struct ResetNoise {
  enum class Kind { uniform, normal };  ///< U(-scale, scale) or N(0, scale²).
  Kind position_kind;
  double position_scale;
  Kind velocity_kind;
  double velocity_scale;
};

/// A MuJoCo body under its actuators. A control step is `frame_skip` steps of the body's own
/// length, the controls held. A measurement is qpos, then qvel.
class MujocoSimulation : public Simulation {
 public:
  /// `file`: an embedded MJCF file. Throws as mujoco_body() does.
  MujocoSimulation(std::string_view file, int frame_skip, const ResetNoise& noise,
                   const EnvConfig& config);

  const mjModel& model() const { return *model_; }
  const mjData& data() const { return *data_; }  ///< Positions of bodies and more, for rendering.
  double control_step() const { return frame_skip_ * model_->opt.timestep; }  ///< Seconds.

  /// Ends as Gymnasium's does, with mj_forward, which also gives the solver its first warm start.
  void reset(RandomStream& random) override;

  /// Throws NonFiniteError where the simulation diverges: MuJoCo itself would only count a warning
  /// and go on from the reference pose.
  void step(std::span<const double> action) override;

  int64_t measurement_size() const override { return model_->nq + model_->nv; }
  void measure(std::span<double> out) const override;

  /// qpos, qvel, activations, the solver's warm start and the time.
  std::vector<double> state() const override;
  void restore(std::span<const double> state) override;

  /// Puts the body in a given pose, as if an episode began there. Sizes nq and nv.
  void place(std::span<const double> position, std::span<const double> velocity);

 private:
  void require_sound() const;

  std::shared_ptr<const mjModel> model_;
  std::unique_ptr<mjData, void (*)(mjData*)> data_;
  int frame_skip_;
  ResetNoise noise_;
};

}  // namespace reverie
