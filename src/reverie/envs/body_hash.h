// A number that stands for a compiled body.
#pragma once

#include <mujoco/mujoco.h>

#include <cstdint>
#include <string_view>

namespace reverie {

/// FNV-1a of some bytes, going on from `hash`.
uint64_t hash_of(std::string_view bytes, uint64_t hash = 14695981039346656037ull);

/// Changes with every array of a model and with the options of its physics, and not with where its
/// files lie. One model gives other numbers in other versions of MuJoCo.
uint64_t hash_of(const mjModel& model);

}  // namespace reverie
