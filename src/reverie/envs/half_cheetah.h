// What all half-cheetah tasks have in common.
#pragma once

#include <reverie/envs/mujoco_simulation.h>
#include <reverie/envs/task.h>

namespace reverie {

/// Observes everything but x: z, pitch and six joint angles (rad), then the velocities of x, z,
/// pitch and the joints: 17 numbers. The forward velocity is number 8. Six actions in [-1, 1].
/// Never terminates.
class HalfCheetahTask : public Task {
 public:
  static constexpr int64_t forward_velocity = 8;  ///< Of an observation, m/s.
  static constexpr int64_t position = 0;          ///< Of a measurement: x, m.

  /// A spec with the sizes and bounds filled in.
  static TaskSpec spec_of(std::string name, std::string description, std::string source,
                          int64_t horizon);

  explicit HalfCheetahTask(TaskSpec spec) { spec_ = std::move(spec); }

  Tensor observe(const Tensor& measurement) const override { return measurement.slice(1, 1); }
};

/// Gym's reset since v0: positions U(±0.1), velocities N(0, 0.1²).
inline constexpr ResetNoise gym_half_cheetah_noise{ResetNoise::Kind::uniform, 0.1,
                                                   ResetNoise::Kind::normal, 0.1};

std::unique_ptr<Simulation> half_cheetah_simulation(int frame_skip, const ResetNoise& noise,
                                                    const EnvConfig& config);

}  // namespace reverie
