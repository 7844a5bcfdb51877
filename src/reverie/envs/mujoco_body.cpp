#include <reverie/envs/mujoco_body.h>

#include <reverie/core/embedded.h>
#include <reverie/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

namespace reverie {
namespace {

using ModelPointer = std::shared_ptr<const mjModel>;

thread_local std::string last_warning;

// MuJoCo's own handlers write MUJOCO_LOG.TXT into the working folder, and end the process.
void install_handlers() {
  mju_user_error = [](const char* message) {
    throw Error(fmt::format("MuJoCo cannot go on: {}", message));
  };
  mju_user_warning = [](const char* message) { last_warning = message; };
}

// Hands a text to MuJoCo under a file name. How differs between versions: a template, so that only
// the call that this version declares is looked up.
template <class Vfs>
void add_file(Vfs* vfs, const char* name, std::string_view text) {
  const int size = static_cast<int>(text.size());
  if constexpr (requires { mj_addBufferVFS(vfs, name, text.data(), size); }) {
    mj_addBufferVFS(vfs, name, text.data(), size);
  } else {
    mj_makeEmptyFileVFS(vfs, name, size);
    std::memcpy(vfs->filedata[mj_findFileVFS(vfs, name)], text.data(), text.size());
  }
}

/// Gives a body the mass that its numeric "total_mass" asks for. Null stays null.
mjModel* with_total_mass(mjModel* model) {
  const int numeric = model ? mj_name2id(model, mjOBJ_NUMERIC, "total_mass") : -1;
  if (numeric < 0) return model;
  mj_setTotalmass(model, model->numeric_data[model->numeric_adr[numeric]]);
  const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(model), mj_deleteData);
  mj_setConst(model, data.get());
  return model;
}

ModelPointer compile(const std::string& file) {
  char message[1000] = "";
  const auto own = [&](mjModel* model) {
    std::string reason = message;
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    if (!model) throw Error(fmt::format("MuJoCo cannot compile {}: {}", file, reason));
    return ModelPointer(model, [](const mjModel* m) { mj_deleteModel(const_cast<mjModel*>(m)); });
  };
  if (!is_embedded(file) && file.find('/') != std::string::npos)
    return own(with_total_mass(mj_loadXML(file.c_str(), nullptr, message, sizeof(message))));
  const std::string_view text = embedded_file(file);
  auto vfs = std::make_unique<mjVFS>();  // 2 MB in MuJoCo 2: too much for a thread's stack
  mj_defaultVFS(vfs.get());
  add_file(vfs.get(), file.c_str(), text);
  mjModel* model = mj_loadXML(file.c_str(), vfs.get(), message, sizeof(message));
  mj_deleteVFS(vfs.get());
  return own(with_total_mass(model));
}

void scale(mjtNum* values, int64_t count, int64_t stride, double factor) {
  for (int64_t i = 0; i < count; ++i) values[i * stride] *= factor;
}

ModelPointer vary(const ModelPointer& published, const EnvConfig& config, double timestep,
                  const std::string& file) {
  if (config.disabled_actuator >= published->nu)
    throw UsageError(fmt::format("env.disabled_actuator is {}; {} has actuators 0 to {} (-1: none)",
                                 config.disabled_actuator, file, published->nu - 1));
  std::shared_ptr<mjModel> model(mj_copyModel(nullptr, published.get()), mj_deleteModel);
  if (timestep > 0) model->opt.timestep = timestep;
  scale(model->body_mass, model->nbody, 1, config.mass_scale);
  scale(model->body_inertia, 3 * model->nbody, 1, config.mass_scale);
  scale(model->geom_friction, model->ngeom, 3, config.friction_scale);  // sliding, spin, rolling
  scale(model->dof_damping, model->nv, 1, config.damping_scale);
  scale(model->opt.gravity, 3, 1, config.gravity_scale);
  scale(model->actuator_gear, 6 * model->nu, 1, config.gear_scale);
  if (config.disabled_actuator >= 0) {
    scale(model->actuator_gainprm + mjNGAIN * config.disabled_actuator, mjNGAIN, 1, 0.0);
    scale(model->actuator_biasprm + mjNBIAS * config.disabled_actuator, mjNBIAS, 1, 0.0);
  }
  // The solver reads quantities that were derived from the masses.
  const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(model.get()), mj_deleteData);
  mj_setConst(model.get(), data.get());
  return model;
}

}  // namespace

ModelPointer mujoco_body(std::string_view file, const EnvConfig& config, double timestep) {
  using Variation =
      std::tuple<std::string, double, double, double, double, double, double, int64_t>;
  static std::mutex mutex;
  static std::map<std::string, ModelPointer> published;
  static std::map<Variation, std::weak_ptr<const mjModel>> varied;

  const std::lock_guard lock(mutex);
  static const bool installed = (install_handlers(), true);
  static_cast<void>(installed);

  const std::string name(file);
  ModelPointer& body = published[name];
  if (!body) body = compile(name);
  const auto key = [&](const EnvConfig& c, double its_timestep) {
    return Variation(name, its_timestep, c.mass_scale, c.friction_scale, c.damping_scale,
                     c.gravity_scale, c.gear_scale, c.disabled_actuator);
  };
  if (key(config, timestep) == key({}, 0)) return body;
  std::weak_ptr<const mjModel>& slot = varied[key(config, timestep)];
  ModelPointer model = slot.lock();
  if (!model) slot = model = vary(body, config, timestep, name);
  return model;
}

std::string take_mujoco_warning() {
  return std::exchange(last_warning, {});
}

}  // namespace reverie
