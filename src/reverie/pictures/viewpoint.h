// Chooses the viewpoint for a MuJoCo body.
#pragma once

#include <mujoco/mujoco.h>

#include <array>
#include <span>

namespace reverie {

/// The viewpoint of a body.
struct View {
  using Vector = std::array<double, 3>;
  int camera = -1;    ///< The MJCF's own camera; -1: none, use the rest.
  int followed = -1;  ///< Body whose subtree's centre of mass is followed; -1: none.
  Vector look_at{};   ///< At the reference pose.
  Vector centre{};    ///< Centre of mass of the followed subtree, at the reference pose.
  double azimuth = 90, elevation = -20;  ///< Degrees, MuJoCo's convention.
  double distance = 1;
  double radius = 1;  ///< Of the visible scene.
  double lowest = 0;  ///< Height of its lowest point, metres.
};

/// Looks at the actuated body from the side where all its joints turn in one vertical plane, from
/// above where they turn in the ground plane, and diagonally otherwise; follows its centre of mass
/// along the ground where it can move away. The image includes all moving bodies and, of the
/// `sites` that the task uses, those near the followed body. An MJCF camera named "watch" takes
/// precedence. `data`: at the reference pose. `aspect`: image width divided by height.
View choose_view(const mjModel& model, const mjData& data, double aspect,
                 std::span<const int> sites = {});

}  // namespace reverie
