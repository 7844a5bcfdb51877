#include <reverie/envs/mujoco/simulation.h>

#include <reverie/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace reverie {
namespace {

double draw(RandomStream& random, ResetNoise::Kind kind, double scale) {
  return kind == ResetNoise::Kind::uniform ? random.uniform(-scale, scale)
                                           : scale * random.normal();
}

// MuJoCo's own limit: beyond it a step resets the state and counts a warning.
bool sound(const mjtNum* values, int count) {
  return std::all_of(values, values + count, [](mjtNum x) { return std::abs(x) <= mjMAXVAL; });
}

}  // namespace

MujocoSimulation::MujocoSimulation(const SimulationPlan& plan, const EnvConfig& config)
    : model_(mujoco_body(plan.body, config, plan.timestep)),
      data_(mj_makeData(model_.get()), mj_deleteData),
      plan_(plan),
      layout_(model_, plan.measured),
      extras_(static_cast<size_t>(layout_.size() - model_->nq - model_->nv)),
      changing_(layout_.rates().empty() ? 0 : extras_.size()) {
  if (!data_) throw Error(fmt::format("no memory for a simulation of {}", plan.body));
  for (const Quantity& quantity : plan.measured) {
    if (quantity.kind != Quantity::Kind::site_position) continue;
    const int named = mj_name2id(model_.get(), mjOBJ_SITE, quantity.name.c_str());
    for (int site = 0; site < model_->nsite; ++site)
      if (quantity.name.empty() || site == named) sites_.push_back(site);
  }
  if (!plan.goals.empty()) targets_ = resolve_goals();
}

std::vector<MujocoSimulation::Target> MujocoSimulation::resolve_goals() {
  reset_data();
  mj_kinematics(model_.get(), data_.get());
  std::vector<Target> targets;
  for (const Goal& goal : plan_.goals) {
    Target target{.goal = goal};
    if (goal.of == Goal::Of::joint) {
      target.index = model_->jnt_qposadr[find_joint(*model_, goal.name)];
      targets.push_back(target);
      continue;
    }
    const bool site = goal.of == Goal::Of::site;
    const int id = mj_name2id(model_.get(), site ? mjOBJ_SITE : mjOBJ_BODY, goal.name.c_str());
    if (id < 0) throw UsageError(fmt::format("the body has no goal '{}'", goal.name));
    const int body = site ? model_->site_bodyid[id] : id;
    const int mocap = model_->body_mocapid[body];
    if (mocap < 0) {
      marks_.push_back({id, {}});
      target.index = static_cast<int>(marks_.size()) - 1;
    } else {
      target.goal.of = Goal::Of::mocap_body;
      target.index = mocap;
      for (int i = 0; i < 3 && site; ++i)
        target.offset[static_cast<size_t>(i)] =
            data_->site_xpos[3 * id + i] - data_->mocap_pos[3 * mocap + i];
    }
    targets.push_back(target);
  }
  return targets;
}

void MujocoSimulation::reset_data() {
  if (plan_.start.keyframe < 0) {
    mj_resetData(model_.get(), data_.get());
  } else {
    mj_resetDataKeyframe(model_.get(), data_.get(), plan_.start.keyframe);
    data_->time = 0;
  }
  for (const auto& [index, value] : plan_.start.position) data_->qpos[index] = value;
}

void MujocoSimulation::draw_goals(RandomStream& random) {
  for (const Target& target : targets_) {
    const Goal& goal = target.goal;
    const auto drawn = [&](size_t i) {
      return goal.low[i] < goal.high[i] ? random.uniform(goal.low[i], goal.high[i]) : goal.low[i];
    };
    if (goal.of == Goal::Of::joint) {
      data_->qpos[target.index] = drawn(0);
      continue;
    }
    for (size_t i = 0; i < 3; ++i) {
      if (goal.of == Goal::Of::site)
        marks_[static_cast<size_t>(target.index)].at[i] = drawn(i);
      else
        data_->mocap_pos[3 * target.index + static_cast<int>(i)] = drawn(i) - target.offset[i];
    }
  }
}

void MujocoSimulation::put_marks() {
  for (const Placed::Mark& mark : marks_)
    std::ranges::copy(mark.at, data_->site_xpos + 3 * mark.site);
}

void MujocoSimulation::read_extras(Moment after) {
  put_marks();
  if (extras_.empty()) return;
  if (layout_.has_center_velocities()) mj_subtreeVel(model_.get(), data_.get());
  layout_.write_extras(*data_, extras_);
  for (const Columns& rate : layout_.rates())
    for (int64_t i = rate.first; i < rate.first + rate.count; ++i) {
      const auto k = static_cast<size_t>(i);
      const double before = std::exchange(changing_[k], extras_[k]);
      extras_[k] = after == Moment::reset ? 0 : (changing_[k] - before) / seconds_per_step();
    }
}

void MujocoSimulation::reset(RandomStream& random) {
  reset_data();
  const ResetNoise& noise = plan_.reset;
  const auto scale = [](const std::vector<double>& each, int i, double all) {
    return each.empty() ? all : each[static_cast<size_t>(i)];
  };
  for (int i = 0; i < model_->nq; ++i)
    data_->qpos[i] +=
        draw(random, noise.position_kind, scale(noise.position_scales, i, noise.position_scale));
  for (int i = 0; i < model_->nv; ++i)
    data_->qvel[i] +=
        draw(random, noise.velocity_kind, scale(noise.velocity_scales, i, noise.velocity_scale));
  if (plan_.arrange)
    plan_.arrange(random, {data_->qpos, static_cast<size_t>(model_->nq)},
                  {data_->qvel, static_cast<size_t>(model_->nv)});
  draw_goals(random);
  mj_forward(model_.get(), data_.get());
  diverged_ = false;
  read_extras(Moment::reset);
}

Pose MujocoSimulation::pose() const {
  return {model_,
          {data_->qpos, data_->qpos + model_->nq},
          {{data_->mocap_pos, data_->mocap_pos + 3 * model_->nmocap}, marks_},
          sites_};
}

void MujocoSimulation::place(std::span<const double> position, std::span<const double> velocity) {
  if (static_cast<int>(position.size()) != model_->nq ||
      static_cast<int>(velocity.size()) != model_->nv)
    throw std::invalid_argument("a pose must have the body's nq positions and nv velocities");
  mj_resetData(model_.get(), data_.get());
  std::copy(position.begin(), position.end(), data_->qpos);
  std::copy(velocity.begin(), velocity.end(), data_->qvel);
  mj_forward(model_.get(), data_.get());
  diverged_ = false;
  read_extras(Moment::reset);
}

void MujocoSimulation::step(std::span<const double> action) {
  if (static_cast<int>(action.size()) != model_->nu)
    throw std::invalid_argument("an action must have one number per actuator");
  for (int i = 0; i < model_->nu; ++i) {
    const mjtNum* range = model_->actuator_ctrlrange + 2 * i;
    double control = action[static_cast<size_t>(i)];
    if (plan_.normalised_actions)
      control = (range[0] + range[1]) / 2 + (range[1] - range[0]) / 2 * control;
    data_->ctrl[i] =
        model_->actuator_ctrllimited[i] ? std::clamp(control, range[0], range[1]) : control;
  }
  std::vector<double> before;
  if (plan_.measures_divergence) before = state();
  for (int frame = 0; frame < plan_.frame_skip; ++frame) mj_step(model_.get(), data_.get());
  const std::string divergence = this->divergence();
  diverged_ = !divergence.empty();
  if (diverged_ && !plan_.measures_divergence)
    throw NonFiniteError(fmt::format("the simulation diverged ({})", divergence));
  require_room();
  if (diverged_) {
    restore(before);
    diverged_ = true;
    return;
  }
  if (plan_.forward_after_step) mj_forward(model_.get(), data_.get());
  if (extras_.empty()) return;
  // A step computes no forces on bodies unless a sensor asks for them.
  if (layout_.has_contact_forces()) mj_rnePostConstraint(model_.get(), data_.get());
  read_extras(Moment::step);
}

std::string MujocoSimulation::divergence() const {
  const mjWarningStat* warning = data_->warning;
  for (const int kind : {mjWARN_BADQPOS, mjWARN_BADQVEL, mjWARN_BADQACC, mjWARN_BADCTRL})
    if (warning[kind].number > 0) return mju_warningText(kind, warning[kind].lastinfo);
  // The last frame's result has not been through MuJoCo's own check, which opens a step.
  if (!sound(data_->qpos, model_->nq) || !sound(data_->qvel, model_->nv))
    return "a position or velocity is NaN or huge";
  return {};
}

void MujocoSimulation::require_room() const {
  const mjWarningStat* warning = data_->warning;
  for (const int kind : {mjWARN_CONTACTFULL, mjWARN_CNSTRFULL})
    if (warning[kind].number > 0)
      throw Error(fmt::format("the body's <size> is too small: {}",
                              mju_warningText(kind, warning[kind].lastinfo)));
}

void MujocoSimulation::measure(std::span<double> out) const {
  std::copy_n(data_->qpos, model_->nq, out.begin());
  const auto rest = std::copy_n(data_->qvel, model_->nv, out.begin() + model_->nq);
  const auto end = std::copy(extras_.begin(), extras_.end(), rest);
  if (plan_.measures_divergence) *end = diverged_ ? 1 : 0;
}

size_t MujocoSimulation::state_size() const {
  return static_cast<size_t>(model_->nq + 2 * model_->nv + model_->na + 1 + 7 * model_->nmocap) +
         extras_.size() + changing_.size() + 3 * marks_.size() +
         (plan_.measures_divergence ? 1 : 0);
}

std::vector<double> MujocoSimulation::state() const {
  std::vector<double> state;
  state.reserve(state_size());
  state.insert(state.end(), data_->qpos, data_->qpos + model_->nq);
  state.insert(state.end(), data_->qvel, data_->qvel + model_->nv);
  state.insert(state.end(), data_->act, data_->act + model_->na);
  state.insert(state.end(), data_->qacc_warmstart, data_->qacc_warmstart + model_->nv);
  state.push_back(data_->time);
  state.insert(state.end(), extras_.begin(), extras_.end());
  state.insert(state.end(), changing_.begin(), changing_.end());
  state.insert(state.end(), data_->mocap_pos, data_->mocap_pos + 3 * model_->nmocap);
  state.insert(state.end(), data_->mocap_quat, data_->mocap_quat + 4 * model_->nmocap);
  for (const Placed::Mark& mark : marks_) state.insert(state.end(), mark.at.begin(), mark.at.end());
  if (plan_.measures_divergence) state.push_back(diverged_ ? 1 : 0);
  return state;
}

void MujocoSimulation::restore(std::span<const double> state) {
  if (state.size() != state_size())
    throw std::invalid_argument("the saved state is of another body");
  mj_resetData(model_.get(), data_.get());
  auto from = state.begin();
  const auto read = [&](mjtNum* to, int count) {
    std::copy_n(from, count, to);
    from += count;
  };
  read(data_->qpos, model_->nq);
  read(data_->qvel, model_->nv);
  read(data_->act, model_->na);
  const auto warm_start = from;
  from += model_->nv;
  read(&data_->time, 1);
  read(extras_.data(), static_cast<int>(extras_.size()));
  read(changing_.data(), static_cast<int>(changing_.size()));
  read(data_->mocap_pos, 3 * model_->nmocap);
  read(data_->mocap_quat, 4 * model_->nmocap);
  for (Placed::Mark& mark : marks_) read(mark.at.data(), 3);
  diverged_ = plan_.measures_divergence && *from != 0;
  // For whoever looks at positions of bodies before the next step. It overwrites the warm start,
  // and touches the last bits of quaternions.
  mj_forward(model_.get(), data_.get());
  put_marks();
  std::copy_n(state.begin(), model_->nq, data_->qpos);
  std::copy_n(warm_start, model_->nv, data_->qacc_warmstart);
}

}  // namespace reverie
