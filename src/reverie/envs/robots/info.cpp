#include <reverie/envs/robots/info.h>

#include <reverie/core/counted.h>
#include <reverie/envs/environment.h>
#include <reverie/envs/first_states.h>
#include <reverie/envs/mujoco/body.h>
#include <reverie/envs/robots/file.h>
#include <reverie/envs/task_entry.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace reverie {
namespace {

using Kind = Quantity::Kind;

double total_mass(const mjModel& body) {
  double mass = 0;
  for (int i = 1; i < body.nbody; ++i) mass += body.body_mass[i];
  return mass;
}

/// Where a joint's positions or velocities lie among all.
Columns columns_of(const mjModel& body, int joint, Kind kind) {
  return kind == Kind::position ? position_columns(body, joint) : velocity_columns(body, joint);
}

/// A stretch of the observation as people see it.
struct Row {
  int64_t count;
  std::string name;
  std::string range = {};
};

std::string range_of(const mjModel& body, const ObservedPart& part, int joint) {
  if (part.function != ObservedPart::Function::value) return "-1 to 1";
  if (std::isfinite(part.clip)) return fmt::format("clipped to +-{:g}", part.clip);
  if (part.minus) return "";
  if (part.of.kind == Kind::upright) return "-1 to 1";
  if (part.of.kind != Kind::position || joint < 0 || !body.jnt_limited[joint]) return "";
  const mjtNum* range = body.jnt_range + 2 * joint;
  const bool ball = body.jnt_type[joint] == mjJNT_BALL;
  return ball ? "" : fmt::format("{:.4g} to {:.4g}", range[0], range[1]);
}

/// What the numbers of a joint that has several are, one after another.
std::string components(const mjModel& body, Kind kind, int joint) {
  const bool positions = kind == Kind::position;
  if (joint < 0 || (!positions && kind != Kind::velocity)) return "";
  if (body.jnt_type[joint] == mjJNT_FREE)
    return positions ? ": x, y, z, then its quaternion's w, x, y, z"
                     : ": along x, y, z, then turning about its own x, y, z";
  if (body.jnt_type[joint] == mjJNT_BALL)
    return positions ? ": its quaternion's w, x, y, z" : ": turning about its own x, y, z";
  return "";
}

/// Of one number of such a joint: ": w of its quaternion"; what words() says of it is a number.
std::string component(const mjModel& body, const Quantity& quantity, int joint) {
  if (joint < 0 || quantity.count != 1) return "";
  const int type = body.jnt_type[joint];
  const int64_t turning = type == mjJNT_FREE ? 3 : type == mjJNT_BALL ? 0 : -1;
  if (turning < 0 || quantity.first < turning) return "";
  const auto at = static_cast<size_t>(quantity.first - turning);
  return quantity.kind == Kind::position ? fmt::format(": {} of its quaternion", "wxyz"[at])
                                         : fmt::format(": turning about its own {}", "xyz"[at]);
}

/// The rows of a part: of all joints' numbers, one a joint.
std::vector<Row> rows_of(const mjModel& body, const ObservedPart& part, int64_t count) {
  const bool of_joints = part.of.kind == Kind::position || part.of.kind == Kind::velocity;
  const auto name = [&](const Quantity& quantity) {
    std::string text = words(quantity);
    if (part.minus) text += " - " + words(*part.minus);
    if (part.function == ObservedPart::Function::sine) return "sin(" + text + ")";
    if (part.function == ObservedPart::Function::cosine) return "cos(" + text + ")";
    return text;
  };
  if (!of_joints || !part.of.name.empty() || part.of.count > 0 || part.of.first > 0) {
    const int joint = of_joints ? find_joint(body, part.of.name) : -1;
    const std::string which = part.of.count == 0     ? components(body, part.of.kind, joint)
                              : part.of.name.empty() ? ""
                                                     : component(body, part.of, joint);
    return {{count, name(part.of) + which, range_of(body, part, joint)}};
  }
  std::vector<Row> rows;
  for (int joint = 0; joint < body.njnt; ++joint)
    rows.push_back(
        {columns_of(body, joint, part.of.kind).count,
         name({part.of.kind, joint_name(body, joint)}) + components(body, part.of.kind, joint),
         range_of(body, part, joint)});
  return rows;
}

std::string observed(const TaskDescription& robot, const mjModel& body,
                     const MeasurementLayout& layout) {
  std::string text;
  int64_t at = 0;
  for (const ObservedPart& part : robot.observe)
    for (const Row& row : rows_of(body, part, layout.find(part.of).count)) {
      const std::string index =
          row.count > 1 ? fmt::format("{}..{}", at, at + row.count - 1) : std::to_string(at);
      text += fmt::format("  {:<8} {}{}{}\n", index, row.name, row.range.empty() ? "" : ", ",
                          row.range);
      at += row.count;
    }
  return fmt::format("observes {}, in this order\n{}", counted(at, "number"), text);
}

std::string actions(const mjModel& body) {
  std::string text =
      fmt::format("acts by  {}, each -1 to 1 for the range of\n", counted(body.nu, "number"));
  for (int i = 0; i < body.nu; ++i) {
    const int actuator = actuator_of(body, i);
    const char* name = mj_id2name(&body, mjOBJ_ACTUATOR, actuator);
    std::string drives;
    if (body.actuator_trntype[actuator] == mjTRN_JOINT)
      drives = ", on " + joint_name(body, body.actuator_trnid[2 * actuator]);
    text += fmt::format("  {:<8} {}{}, {:g} to {:g}\n", i, name ? name : "without a name", drives,
                        body.actuator_ctrlrange[2 * i], body.actuator_ctrlrange[2 * i + 1]);
  }
  return text;
}

/// ", positions +- knee 0.1, root (0, 0, 0, 0, 0, 0.05, 0)"
std::string noise(const mjModel& body, Kind of, ResetNoise::Kind kind, double all,
                  const std::vector<double>& each) {
  std::vector<std::string> scales;
  if (all > 0) scales.push_back(fmt::format("{:g}", all));
  for (int joint = 0; joint < body.njnt && !each.empty(); ++joint) {
    const Columns columns = columns_of(body, joint, of);
    const auto first = each.begin() + columns.first, last = first + columns.count;
    if (std::all_of(first, last, [](double scale) { return scale == 0; })) continue;
    const bool alike = std::all_of(first, last, [&](double scale) { return scale == *first; });
    scales.push_back(joint_name(body, joint) +
                     (alike ? fmt::format(" {:g}", *first)
                            : fmt::format(" ({:g})", fmt::join(first, last, ", "))));
  }
  if (scales.empty()) return "";
  return fmt::format(", {} {} {}", of == Kind::position ? "positions" : "velocities",
                     kind == ResetNoise::Kind::uniform ? "+-" : "normal", fmt::join(scales, ", "));
}

std::string start(const TaskDescription& robot, const mjModel& body) {
  const char* key =
      robot.start.keyframe < 0 ? nullptr : mj_id2name(&body, mjOBJ_KEY, robot.start.keyframe);
  std::string text = key ? fmt::format("starts   in keyframe {}", key)
                         : std::string("starts   in the MJCF's reference pose");
  if (!robot.start.position.empty()) text += ", but for [reset] pose";
  const ResetNoise& drawn = robot.reset;
  text +=
      noise(body, Kind::position, drawn.position_kind, drawn.position_scale, drawn.position_scales);
  text +=
      noise(body, Kind::velocity, drawn.velocity_kind, drawn.velocity_scale, drawn.velocity_scales);
  text += "\n";
  for (const Goal& goal : robot.goals) {
    const size_t count = goal.of == Goal::Of::joint ? 1 : 3;
    text += fmt::format("  goal     {}, drawn from ({:g}) to ({:g})\n", goal.name,
                        fmt::join(goal.low.begin(), goal.low.begin() + count, ", "),
                        fmt::join(goal.high.begin(), goal.high.begin() + count, ", "));
  }
  return text;
}

/// What a task's words say of a model, a line each.
std::string why(const std::string& description) {
  std::string text;
  for (size_t from = 0; from < description.size();) {
    const size_t to = std::min(description.find("; ", from), description.size());
    const std::string clause = description.substr(from, to - from);
    if (clause.find("a model") != clause.npos) text += fmt::format("         {}\n", clause);
    from = to + 2;
  }
  return text;
}

}  // namespace

std::string robot_info(const std::filesystem::path& file) {
  const TaskDescription robot = read_robot_file(file);
  const TaskEntry entry = robot_task(file);
  const auto task = entry.make_task({});
  const auto body = mujoco_body(robot.body);
  const MeasurementLayout layout(body, quantities(robot));
  const double own = body->opt.timestep, seconds = robot.frame_skip * own;
  const int64_t horizon = task->spec().horizon;
  std::string text = fmt::format(
      "robot    {}\nbody     {}: {}, {}, {:.3g} kg\n"
      "rate     {:.4g} Hz: a step is {:g} s, {} of MuJoCo's own of {:g} s\n"
      "episode  {} at most, {:.4g} s\n",
      robot.name, robot.body, counted(body->njnt, "joint"),
      counted(actuator_count(*body), "actuator"), total_mass(*body), 1 / seconds, seconds,
      robot.frame_skip, own, counted(horizon, "step"), static_cast<double>(horizon) * seconds);
  text += observed(robot, *body, layout) + actions(*body) + start(robot, *body);
  text += fmt::format("reward   {}\nend      {}\n", reward_in_words(robot), end_in_words(robot));
  const char *reward = task->reward_is_told() ? "is told" : "learns",
             *end = task->end_is_told() ? "is told" : "learns";
  text += !task->terminates() ? fmt::format("a model  {} the reward\n", reward)
          : std::string_view(reward) == end
              ? fmt::format("a model  {} the reward and the end\n", reward)
              : fmt::format("a model  {} the reward, and {} the end\n", reward, end);
  text += why(task->spec().description);
  for (const std::string& warning : task->spec().warnings) text += "warning: " + warning + "\n";
  Environment environment(task, entry.make_simulation({}));
  const std::string ends_at_once = warn_of_first_states(environment, {1, "first state"});
  if (!ends_at_once.empty()) text += "warning: " + ends_at_once + "\n";
  return text;
}

}  // namespace reverie
