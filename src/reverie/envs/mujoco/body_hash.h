// Hash of a compiled body.
#pragma once

#include <mujoco/mujoco.h>

#include <cstdint>
#include <string_view>

namespace reverie {

/// FNV-1a of `bytes`, continuing from `hash`.
uint64_t hash_of(std::string_view bytes, uint64_t hash = 14695981039346656037ull);

/// Changes with every array of a model and with its physics options, but not with the location of
/// its files. The same model hashes differently in different versions of MuJoCo.
uint64_t hash_of(const mjModel& model);

}  // namespace reverie
