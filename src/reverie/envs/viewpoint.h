// Where a MuJoCo body is best seen from.
#pragma once

#include <mujoco/mujoco.h>

#include <array>
#include <span>

namespace reverie {

/// From where a body is seen.
struct View {
  using Vector = std::array<double, 3>;
  int camera = -1;    ///< The MJCF's own; -1: none, and the rest holds.
  int followed = -1;  ///< A body whose subtree's centre of mass is followed; -1: none.
  Vector look_at{};   ///< At the reference pose.
  Vector centre{};    ///< Of mass of what is followed, at the reference pose.
  double azimuth = 90, elevation = -20;  ///< Degrees, as MuJoCo counts them.
  double distance = 1;
  double radius = 1;  ///< Of what is seen.
  double lowest = 0;  ///< Point of it, metres.
};

/// From the side where all joints of what is driven turn in one upright plane, from above where
/// they turn in the ground's, else across a corner; following its centre of mass along the ground
/// where it can move away. In the image are all bodies that move, and of `sites`, which a task
/// looks at, those near what is followed. A camera of the MJCF that is called "watch" is used instead.
/// `data`: at the reference pose. `aspect`: the image's width by its height.
View choose_view(const mjModel& model, const mjData& data, double aspect,
                 std::span<const int> sites = {});

}  // namespace reverie
