#include <reverie/envs/mujoco/body.h>

#include <reverie/core/embedded.h>
#include <reverie/core/error.h>
#include <reverie/envs/mujoco/version.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <map>
#include <mutex>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace reverie {
namespace {

using ModelPointer = std::shared_ptr<const mjModel>;

thread_local std::string last_warning;

// MuJoCo's own handlers write MUJOCO_LOG.TXT into the working folder, and end the process. Its
// cache of meshes tells a file that has changed by its time alone: a robot's identity must not
// depend on it.
void prepare_mujoco() {
#if mjVERSION_HEADER >= 4000000
  mj_setCacheCapacity(mj_getCache(), 0);
#endif
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

/// What MuJoCo says of an MJCF, in one line and without the names of its XML reader's errors:
/// "XML parse error 14: Error=XML_ERROR_MISMATCHED_ELEMENT ErrorID=14 (0xe) Line number=3:
/// XMLElement name=body" is "line 3: an element that is not closed, or closed by another's name:
/// body".
std::string plain(std::string reason) {
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  while (!reason.empty() && reason.back() == ' ') reason.pop_back();
  constexpr std::string_view begin = "Error=XML_", line = "Line number=", element = "name=";
  const size_t error = reason.find(begin), number = reason.find(line);
  if (error == reason.npos || number == reason.npos) return reason;
  std::string what = reason.substr(error + begin.size());
  what = what.substr(0, what.find(' '));
  if (what == "ERROR_MISMATCHED_ELEMENT") {
    const size_t name = reason.find(element);
    what = "an element that is not closed, or closed by another's name" +
           (name == reason.npos ? "" : ": " + reason.substr(name + element.size()));
  } else {
    if (what.starts_with("ERROR_")) what.erase(0, 6);
    for (char& letter : what)
      letter = letter == '_' ? ' ' : static_cast<char>(std::tolower(letter));
    what = "no XML: " + what;
  }
  const std::string rest = reason.substr(number + line.size());
  return fmt::format("line {}: {}", rest.substr(0, rest.find_first_not_of("0123456789")), what);
}

ModelPointer compile(const std::string& file) {
  static const bool prepared = (prepare_mujoco(), true);
  static_cast<void>(prepared);
  char message[1000] = "";
  const auto own = [&](mjModel* model) {
    if (!model) {
      const std::string reason = plain(message);
      const std::string line = fmt::format("MuJoCo {} cannot compile {}: {}{}", mj_versionString(),
                                           file, reason, mujoco_remedy(reason));
      if (!is_embedded(file)) throw UsageError(line);  // a person's own, to be mended
      throw Error(line);
    }
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

template <class Model>
int count_actuators(const Model* model) {
  if constexpr (requires { model->nactuator; })
    return static_cast<int>(model->nactuator);
  else
    return model->nu;
}

template <class Model>
int find_actuator(const Model* model, int control) {
  if constexpr (requires { model->nactuator; }) {
    for (int i = 0; i < model->nactuator; ++i)
      if (control >= model->actuator_ctrladr[i] &&
          control < model->actuator_ctrladr[i] + model->actuator_ctrlnum[i])
        return i;
    throw std::out_of_range("no actuator takes this control");
  } else {
    return control;
  }
}

/// The limits of what actuators may give to a joint, which later versions of MuJoCo have.
template <class Model>
void scale_joint_limits(Model* model, double factor) {
  if constexpr (requires { model->jnt_actfrcrange; })
    scale(model->jnt_actfrcrange, 2 * model->njnt, 1, factor);
}

void disable(mjModel& model, int actuator) {
  scale(model.actuator_gainprm + mjNGAIN * actuator, mjNGAIN, 1, 0.0);
  scale(model.actuator_biasprm + mjNBIAS * actuator, mjNBIAS, 1, 0.0);
}

/// Scales the parameters of a muscle's force: its peak, or where that is negative, what the peak is
/// made of.
void strengthen_muscle(mjtNum* parameters, double factor) {
  parameters[parameters[2] < 0 ? 3 : 2] *= factor;
}

/// Scales what actuators give: what they do about a control, and of themselves about a length and a
/// velocity (a servo, a muscle), up to which limit. Gears would change a servo's units as well.
void strengthen(mjModel& model, double factor, const std::string& file) {
  for (int i = 0; i < actuator_count(model); ++i) {
    mjtNum* gain = model.actuator_gainprm + mjNGAIN * i;
    mjtNum* bias = model.actuator_biasprm + mjNBIAS * i;
    const int gain_type = model.actuator_gaintype[i], bias_type = model.actuator_biastype[i];
    const bool known =
        (gain_type == mjGAIN_FIXED || gain_type == mjGAIN_AFFINE || gain_type == mjGAIN_MUSCLE) &&
        (bias_type == mjBIAS_NONE || bias_type == mjBIAS_AFFINE || bias_type == mjBIAS_MUSCLE);
    if (!known) {
      const char* name = mj_id2name(&model, mjOBJ_ACTUATOR, i);
      throw UsageError(fmt::format(
          "env.gear_scale (or _spread): actuator {} of {} is of a kind whose strength MuJoCo "
          "leaves to user code; leave it at 1",
          name ? name : std::to_string(i), file));
    }
    if (gain_type == mjGAIN_MUSCLE)
      strengthen_muscle(gain, factor);
    else
      scale(gain, gain_type == mjGAIN_FIXED ? 1 : 3, 1, factor);
    if (bias_type == mjBIAS_MUSCLE) strengthen_muscle(bias, factor);
    if (bias_type == mjBIAS_AFFINE) scale(bias, 3, 1, factor);
    scale(model.actuator_forcerange + 2 * i, 2, 1, factor);
  }
  scale_joint_limits(&model, factor);
}

/// As on a ground that rises along x by so many degrees.
void lean_back(mjtNum* gravity, double degrees) {
  if (degrees == 0) return;
  const double angle = degrees * std::numbers::pi / 180;
  const mjtNum forward = gravity[0], up = gravity[2];
  gravity[0] = forward * std::cos(angle) + up * std::sin(angle);
  gravity[2] = -forward * std::sin(angle) + up * std::cos(angle);
}

// As GrBAL's ant_env.py does it: the hip's geom stays, the next ones are half as big, and those
// beyond draw in to the second's place. Masses stay. (It paints them red, too.)
void cripple(mjModel& model, int64_t leg, const std::string& file) {
  const std::vector<Limb> legs = limbs(model);
  if (leg >= static_cast<int64_t>(legs.size()))
    throw UsageError(
        legs.empty() ? fmt::format("env.crippled_leg is {}; {} has no legs (-1: none)", leg, file)
                     : fmt::format("env.crippled_leg is {}; {} has legs 0 to {} (-1: "
                                   "none)",
                                   leg, file, legs.size() - 1));
  const Limb& limb = legs[static_cast<size_t>(leg)];
  for (const int actuator : limb.actuators) disable(model, actuator);
  for (size_t i = 1; i < limb.geoms.size(); ++i) {
    const int geom = limb.geoms[i];
    scale(model.geom_size + 3 * geom, 3, 1, 0.5);
    scale(model.geom_rbound + geom, 1, 1, 0.5);
    if (i > 1) {
      std::copy_n(model.geom_pos + 3 * limb.geoms[1], 3, model.geom_pos + 3 * geom);
      model.geom_sameframe[geom] = 0;  // or MuJoCo would take the body's frame for the geom's
    }
    const float red[] = {1, 0, 0};
    std::copy_n(red, 3, model.geom_rgba + 4 * geom);
    model.geom_matid[geom] = -1;
  }
}

/// An embedded body that is another's but for the range of a joint, in degrees.
struct Sibling {
  std::string_view file, of;
  const char* joint;
  double low, high;
};
constexpr Sibling siblings[] = {
    // MB-MPO's humanoid (vendor/mujoco_models/humanoid.xml of its code @8b1351d) is OpenAI Gym's,
    // but that the left hip bends further, as rllab's does.
    {"rllab_walking_humanoid.xml", "humanoid.xml", "left_hip_y", -120, 20}};

/// The model of a file, or of its sibling's.
ModelPointer compile_body(const std::string& file) {
  const auto one = std::ranges::find(siblings, file, &Sibling::file);
  if (one == std::end(siblings)) return compile(file);
  const std::shared_ptr<mjModel> model(mj_copyModel(nullptr, compile(std::string(one->of)).get()),
                                       mj_deleteModel);
  mjtNum* range = model->jnt_range + 2 * mj_name2id(model.get(), mjOBJ_JOINT, one->joint);
  range[0] = one->low * std::numbers::pi / 180;
  range[1] = one->high * std::numbers::pi / 180;
  return model;
}

ModelPointer vary(const ModelPointer& published, const EnvConfig& config, double timestep,
                  const std::string& file) {
  if (const int count = actuator_count(*published); config.disabled_actuator >= count)
    throw UsageError(fmt::format("env.disabled_actuator is {}; {} has actuators 0 to {} (-1: none)",
                                 config.disabled_actuator, file, count - 1));
  std::shared_ptr<mjModel> model(mj_copyModel(nullptr, published.get()), mj_deleteModel);
  if (timestep > 0) model->opt.timestep = timestep;
  scale(model->body_mass, model->nbody, 1, config.mass_scale);
  scale(model->body_inertia, 3 * model->nbody, 1, config.mass_scale);
  scale(model->geom_friction, model->ngeom, 3, config.friction_scale);  // sliding, spin, rolling
  scale(model->dof_damping, model->nv, 1, config.damping_scale);
  scale(model->opt.gravity, 3, 1, config.gravity_scale);
  if (config.gear_scale != 1) strengthen(*model, config.gear_scale, file);
  lean_back(model->opt.gravity, config.slope);
  if (config.disabled_actuator >= 0) disable(*model, static_cast<int>(config.disabled_actuator));
  if (config.crippled_leg >= 0) cripple(*model, config.crippled_leg, file);
  // The solver reads quantities that were derived from the masses.
  const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(model.get()), mj_deleteData);
  mj_setConst(model.get(), data.get());
  return model;
}

}  // namespace

ModelPointer mujoco_body(std::string_view file, const EnvConfig& config, double timestep) {
  using Variation = std::pair<std::string, std::vector<double>>;
  static std::mutex mutex;
  static std::map<std::string, ModelPointer> published;
  static std::map<Variation, std::weak_ptr<const mjModel>> varied;
  static size_t clean_up_at = 100;

  std::unique_lock lock(mutex);
  const std::string name(file);
  ModelPointer& body = published[name];
  if (!body) body = compile_body(name);
  const auto key = [&](const EnvConfig& c, double its_timestep) {
    const std::vector<double> numbers = {its_timestep,
                                         c.mass_scale,
                                         c.friction_scale,
                                         c.damping_scale,
                                         c.gravity_scale,
                                         c.gear_scale,
                                         c.slope,
                                         static_cast<double>(c.crippled_leg),
                                         static_cast<double>(c.disabled_actuator)};
    return Variation(name, numbers);
  };
  const Variation wanted = key(config, timestep);
  if (wanted == key({}, 0)) return body;
  const auto made = varied.find(wanted);
  if (made != varied.end())
    if (ModelPointer model = made->second.lock()) return model;
  // Others need not wait: where resets draw bodies, all are at it at once.
  const ModelPointer source = body;
  lock.unlock();
  ModelPointer model = vary(source, config, timestep, name);
  lock.lock();
  varied[wanted] = model;
  // Those that resets draw come and go.
  if (varied.size() > clean_up_at) {
    std::erase_if(varied, [](const auto& one) { return one.second.expired(); });
    clean_up_at = std::max<size_t>(100, 2 * varied.size());
  }
  return model;
}

ModelPointer compile_body(std::string_view file) {
  return compile(std::string(file));
}

int actuator_count(const mjModel& body) {
  return count_actuators(&body);
}

int actuator_of(const mjModel& body, int control) {
  return find_actuator(&body, control);
}

std::vector<Limb> limbs(const mjModel& body) {
  const auto holds = [&](int ancestor, int descendant) {
    while (descendant > ancestor) descendant = body.body_parentid[descendant];
    return descendant == ancestor;
  };
  const auto driven = [&](int actuator) {
    const int type = body.actuator_trntype[actuator];
    const bool joint = type == mjTRN_JOINT || type == mjTRN_JOINTINPARENT;
    return joint ? body.jnt_bodyid[body.actuator_trnid[2 * actuator]] : 0;
  };
  const auto limb = [&](int root) {
    Limb found;
    for (int i = 0; i < body.ngeom; ++i)
      if (holds(root, body.geom_bodyid[i])) found.geoms.push_back(i);
    for (int i = 0; i < actuator_count(body); ++i)
      if (holds(root, driven(i))) found.actuators.push_back(i);
    return found;
  };
  const auto children = [&](int parent) {
    std::vector<int> found;
    for (int i = 1; i < body.nbody; ++i)
      if (body.body_parentid[i] == parent && !limb(i).actuators.empty()) found.push_back(i);
    return found;
  };
  std::vector<Limb> found;
  const std::vector<int> trunks = children(0);
  if (!trunks.empty())
    for (const int child : children(trunks.front())) found.push_back(limb(child));
  return found;
}

std::string take_mujoco_warning() {
  return std::exchange(last_warning, {});
}

}  // namespace reverie
