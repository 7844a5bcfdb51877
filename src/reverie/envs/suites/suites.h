// The task suites, one file each, and their building blocks. For registry.cpp.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/mujoco/described_task.h>
#include <reverie/envs/task_entry.h>

namespace reverie {

std::vector<TaskEntry> gym_suite();
std::vector<TaskEntry> mbbl_suite();
std::vector<TaskEntry> rllab_suite();
std::vector<TaskEntry> rllib_suite();
std::vector<TaskEntry> me_trpo_suite();
std::vector<TaskEntry> pets_suite();
std::vector<TaskEntry> classic_suite();

/// The entry of a task class, which must have
///     static TaskSpec published();
///     static std::unique_ptr<Simulation> simulation(const EnvConfig&);
///     explicit TaskClass(TaskSpec);
template <class TaskClass>
TaskEntry task_entry() {
  const auto check = [](const EnvConfig& config) {
    check_ranges(config);
    refuse_changes(config, {"env.version"}, TaskClass::published().name);
  };
  return {TaskClass::published().name,
          [check](const EnvConfig& config) -> std::shared_ptr<const Task> {
            check(config);
            TaskSpec spec = TaskClass::published();
            if (config.horizon > 0) spec.horizon = config.horizon;
            return std::make_shared<TaskClass>(std::move(spec));
          },
          [check](const EnvConfig& config) -> std::unique_ptr<Simulation> {
            check(config);
            return TaskClass::simulation(config);
          }};
}

/// What all half-cheetahs have in common. Observation: everything but x, i.e. z, pitch and six
/// joint angles, then the velocities of x, z, pitch and the joints: 17 numbers. Never ends early.
TaskDescription half_cheetah();

/// All hoppers. Observation: z, pitch and three joint angles, then the six velocities, clipped to
/// ±10: 11 numbers.
TaskDescription hopper();

/// All walkers. Observation: z, pitch and six joint angles, then the nine velocities, clipped to
/// ±10: 17 numbers.
TaskDescription walker2d();

/// All swimmers. Observation: the heading and two joint angles, then the five velocities: 8
/// numbers.
TaskDescription swimmer();

/// All ants. Observation: z, the orientation and eight joint angles, then the 14 velocities: 27
/// numbers.
TaskDescription ant();

/// Moves an ant's drawn pose to where rllab's episodes begin (`init_qpos` of its ant.xml): z 0.55,
/// the ankles at 1, -1, -1 and 1 rad, so that the feet stand on the floor.
void stand_as_rllabs_ant(RandomStream& random, std::span<double> position,
                         std::span<double> velocity);

/// All humanoids. Observation: z, the orientation and 17 joint angles, then the 23 velocities: 45
/// numbers.
TaskDescription humanoid();

/// Gymnasium's and mbbl's inverted pendulums. Observation: x and the angle, then their velocities.
TaskDescription inverted_pendulum();

/// Refuses the settings that concern friction, joints or several actuators.
void refuse_joint_settings(const EnvConfig& config, std::string_view task);

/// Cosine and sine of the angle, and its velocity, of a Pendulum's state [n, 2].
Tensor observe_pendulum(const Tensor& measurement);

/// Cosine and sine of both angles, and their velocities, of an Acrobot's state [n, 4].
Tensor observe_acrobot(const Tensor& measurement);
/// The tip's height above the pivot, in link lengths, from what observe_acrobot returns [n, 6].
Tensor acrobot_height(const Tensor& observation);

/// -weight times the squared contact forces, each clipped to ±clip; the cost is at most `most`.
RewardTerm contact_cost(const Quantity& forces, double weight, double clip, double most,
                        RewardTerm::Moment at = RewardTerm::Moment::after);

/// Gymnasium's reacher, version 4 or 5.
TaskDescription gym_reacher(int64_t version);

/// |x|² of each row, [n, d] to [n].
inline Tensor squared_norm(const Tensor& rows) {
  return rows.square().sum(1);
}

}  // namespace reverie
