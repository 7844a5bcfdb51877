#include <reverie/envs/mujoco/body_hash.h>

#include <mujoco/mjxmacro.h>

namespace reverie {
namespace {

template <class T>
uint64_t hash_array(const T* values, size_t count, uint64_t hash) {
  if (count == 0) return hash;
  return hash_of({reinterpret_cast<const char*>(values), count * sizeof(T)}, hash);
}

/// Later versions keep where meshes came from.
bool tells_a_path(std::string_view array) {
  return array == "paths" || array.ends_with("pathadr");
}

}  // namespace

uint64_t hash_of(std::string_view bytes, uint64_t hash) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ull;
  return hash;
}

uint64_t hash_of(const mjModel& model) {
  uint64_t hash = hash_of("");
  const auto add = [&hash](const auto& value) { hash = hash_array(&value, 1, hash); };
  const mjOption& option = model.opt;
  add(option.timestep), add(option.impratio), add(option.tolerance), add(option.noslip_tolerance);
  add(option.density), add(option.viscosity), add(option.o_margin);
  add(option.gravity), add(option.wind), add(option.magnetic);
  add(option.o_solref), add(option.o_solimp);
  add(option.integrator), add(option.cone), add(option.jacobian), add(option.solver);
  add(option.iterations), add(option.noslip_iterations);
  add(option.disableflags), add(option.enableflags);
  const mjModel* const m = &model;
#undef MJ_M
#define MJ_M(n) m->n
#define X(type, name, rows, columns) \
  if (!tells_a_path(#name))          \
    hash = hash_array(m->name, static_cast<size_t>(m->rows) * static_cast<size_t>(columns), hash);
  MJMODEL_POINTERS
#undef X
  return hash;
}

}  // namespace reverie
