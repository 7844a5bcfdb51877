#include <reverie/envs/robot_file.h>

#include <reverie/core/embedded.h>
#include <reverie/core/error.h>
#include <reverie/envs/suites.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

namespace reverie {
namespace {

[[noreturn]] void refuse(const toml::node& at, const std::string& message) {
  const toml::source_region& region = at.source();
  throw UsageError(fmt::format("{}:{}:{}: {}", region.path ? *region.path : "", region.begin.line,
                               region.begin.column, message));
}

/// A table whose keys must all be of use: those never asked for are refused in the end.
class Table {
 public:
  /// The file itself.
  explicit Table(const toml::table& table) : table_(table) {}
  /// A table in another.
  Table(const toml::table& table, const Table& outer)
      : table_(table), body_(outer.body_), file_(outer.file_ ? outer.file_ : &outer) {}

  /// Whose quantities it and the tables in it name.
  void set_body(std::shared_ptr<const mjModel> body) { body_ = std::move(body); }

  /// Null where the key is not there.
  const toml::node* find(std::string_view key) {
    known_.emplace_back(key);
    return table_.get(key);
  }
  template <class T>
  T get(std::string_view key, T otherwise) {
    const toml::node* node = find(key);
    if (!node) return otherwise;
    const auto value = node->value<T>();
    const bool other_kind = node->is_boolean() != std::is_same_v<T, bool>;
    if (!value || other_kind) refuse(*node, fmt::format("'{}' takes {}", key, wanted<T>()));
    return *value;
  }
  double number(std::string_view key, double otherwise) {
    const double value = get(key, otherwise);
    if (value != otherwise && !std::isfinite(value))
      refuse(*table_.get(key), fmt::format("'{}' takes a finite number", key));
    return value;
  }
  double scale(std::string_view key) {
    const double value = number(key, 0.0);
    if (value < 0) refuse(*table_.get(key), fmt::format("'{}' takes a number from 0", key));
    return value;
  }
  double limit(std::string_view key) {
    const double value = get(key, infinity);
    if (!(value > 0)) refuse(*table_.get(key), fmt::format("'{}' takes a number above 0", key));
    return value;
  }
  /// Refuses those of `keys` that are there.
  void refuse_keys(std::initializer_list<std::string_view> keys, std::string_view why) const {
    for (const std::string_view key : keys)
      if (const toml::node* node = table_.get(key)) refuse(*node, fmt::format("'{}' {}", key, why));
  }
  int64_t count(std::string_view key, int64_t otherwise, int64_t most) {
    const int64_t value = get(key, otherwise);
    if (value < 1 || value > most)
      refuse(*table_.get(key), fmt::format("'{}' takes an integer from 1 to {}", key, most));
    return value;
  }
  /// One of an enumeration's `names`, given in the order of its values.
  template <class Enum>
  Enum choice(std::string_view key, const std::vector<std::string>& names, Enum otherwise) {
    const auto name = get<std::string>(key, names[static_cast<size_t>(otherwise)]);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      refuse(*table_.get(key), fmt::format("'{}' takes one of {}", key, fmt::join(names, ", ")));
    return static_cast<Enum>(found - names.begin());
  }
  const toml::table& source() const { return table_; }

  /// Refuses a quantity, named at `at`, that the body has not got.
  void require(const Quantity& quantity, const toml::node& at) const {
    try {
      MeasurementLayout(body_, {quantity}).find(quantity);
    } catch (const UsageError& error) {
      refuse(at, error.what());
    }
  }

  void refuse_other_keys() const {
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if (std::find(known_.begin(), known_.end(), name) == known_.end())
        refuse(node,
               file_ && std::ranges::count(file_->known_, name) > 0
                   ? fmt::format("'{}' belongs to the file: put it above the first [table]", name)
                   : fmt::format("unknown key '{}'{}", name, did_you_mean(name, known_)));
    }
  }

 private:
  template <class T>
  static const char* wanted() {
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_same_v<T, std::string>) return "a text in quotes";
    if constexpr (std::is_same_v<T, int64_t>) return "an integer";
    return "a number";
  }

  const toml::table& table_;
  std::shared_ptr<const mjModel> body_;
  const Table* file_ = nullptr;  ///< The outermost table that it is in.
  std::vector<std::string> known_;
};

/// Calls `read(table)` for each of the tables [[key]].
template <class Read>
void for_each_table(Table& document, std::string_view key, const Read& read) {
  const toml::node* node = document.find(key);
  if (!node) return;
  const toml::array* array = node->as_array();
  if (!array) refuse(*node, fmt::format("'{}' is a list: write [[{}]] above each entry", key, key));
  for (const toml::node& entry : *array) {
    if (!entry.is_table()) refuse(entry, fmt::format("an entry of '{}' is a table", key));
    Table table(*entry.as_table(), document);
    read(table);
    table.refuse_other_keys();
  }
}

const std::vector<std::pair<std::string, Quantity::Kind>> kinds = {
    {"joint_position", Quantity::Kind::position},
    {"joint_velocity", Quantity::Kind::velocity},
    {"body_position", Quantity::Kind::body_position},
    {"site_position", Quantity::Kind::site_position},
    {"center_of_mass", Quantity::Kind::center_of_mass},
    {"com_based_velocity", Quantity::Kind::spatial_velocity},
    {"contact_force", Quantity::Kind::contact_force},
    {"joint_actuator_force", Quantity::Kind::actuator_force},
    {"joint_constraint_force", Quantity::Kind::constraint_force},
    {"sensor", Quantity::Kind::sensor},
};

/// "all" of a kind, or those of one name.
Quantity quantity_of(Quantity::Kind kind, const std::string& name) {
  return {kind, name == "all" ? std::string() : name};
}

/// Requires a quantity, named at `at`; with the component that the table narrows it to:
/// component = "z" or 2.
void complete(Table& table, const toml::node& at, Quantity& quantity) {
  table.require(quantity, at);
  const toml::node* node = table.find("component");
  if (!node) return;
  const auto letter = node->value<std::string>();
  const auto number = node->value<int64_t>();
  if (letter && letter->size() == 1 && std::string("xyz").find(*letter) != std::string::npos)
    quantity.first = (*letter)[0] - 'x';
  else if (number && *number >= 0)
    quantity.first = *number;
  else
    refuse(*node, "'component' takes \"x\", \"y\", \"z\" or an integer from 0");
  quantity.count = 1;
  table.require(quantity, *node);
}

/// The one quantity that a table names; none: nullopt.
std::optional<Quantity> read_quantity(Table& table) {
  std::optional<Quantity> quantity;
  const toml::node* at = nullptr;
  for (const auto& [key, kind] : kinds) {
    const toml::node* node = table.find(key);
    if (!node) continue;
    at = node;
    if (quantity) refuse(*node, fmt::format("one quantity is enough: '{}' is the second", key));
    const auto name = node->value<std::string>();
    if (!name || name->empty())
      refuse(*node, fmt::format("'{}' takes a name in quotes, or \"all\"", key));
    quantity = quantity_of(kind, *name);
  }
  if (quantity) complete(table, *at, *quantity);
  return quantity;
}

std::string names_of_kinds() {
  std::vector<std::string> names;
  for (const auto& [key, kind] : kinds) names.push_back(key);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// A quantity in a table of its own: minus = { site_position = "goal" }.
std::optional<Quantity> read_nested_quantity(Table& table, std::string_view key) {
  const toml::node* node = table.find(key);
  if (!node) return std::nullopt;
  if (!node->is_table())
    refuse(*node, fmt::format("'{}' takes a quantity: {{ site_position = \"goal\" }}", key));
  Table nested(*node->as_table(), table);
  const auto quantity = read_quantity(nested);
  if (!quantity) refuse(*node, fmt::format("'{}' names no quantity: {}", key, names_of_kinds()));
  nested.refuse_other_keys();
  return quantity;
}

/// An entry of [[observe]] may name several joints (bodies, sites, …) at once.
void read_observed(Table& table, std::vector<ObservedPart>& parts) {
  ObservedPart part;
  part.minus = read_nested_quantity(table, "minus");
  part.function = table.choice("function", {"value", "sine", "cosine"}, part.function);
  part.clip = table.limit("clip");
  const size_t before = parts.size();
  for (const auto& [key, kind] : kinds) {
    const toml::node* node = table.find(key);
    if (!node) continue;
    if (parts.size() > before) refuse(*node, "one kind of quantity to an entry");
    std::vector<const toml::node*> named = {node};
    if (const toml::array* array = node->as_array()) {
      named.clear();
      for (const toml::node& one : *array) named.push_back(&one);
    }
    const auto nameless = [](const toml::node* one) {
      return one->value_or(std::string()).empty();
    };
    if (named.empty() || std::ranges::any_of(named, nameless))
      refuse(*node, fmt::format("'{}' takes a name, a list of names, or \"all\"", key));
    for (const toml::node* one : named) {
      part.of = quantity_of(kind, one->value_or(std::string()));
      complete(table, *one, part.of);
      parts.push_back(part);
    }
  }
  if (parts.size() > before) return;
  table.refuse_other_keys();  // what was meant may be among them
  refuse(table.source(), fmt::format("observes nothing: name one of {}", names_of_kinds()));
}

RewardTerm read_reward(Table& table) {
  RewardTerm term;
  term.weight = table.number("weight", 1.0);
  term.while_healthy = table.get("while_healthy", false);
  term.at = table.choice("at", {"before", "after", "rate"}, term.at);
  const bool bonus = table.get("bonus", false), action = table.get("action", false);
  if (action) term.number = RewardTerm::Number::squares;  // where nothing else is said
  term.number = table.choice("number", {"linear", "squared", "absolute", "norm"}, term.number);
  term.target = table.number("target", 0.0);
  term.clip = table.limit("clip");
  term.minus = read_nested_quantity(table, "minus");
  const auto quantity = read_quantity(table);
  if (bonus + action + quantity.has_value() != 1) {
    table.refuse_other_keys();  // what was meant may be among them
    refuse(table.source(), fmt::format("a term pays for one thing: bonus = true, action = true, or "
                                       "one of {}",
                                       names_of_kinds()));
  }
  if (!quantity) table.refuse_keys({"minus", "at", "component"}, "goes with a quantity");
  if (bonus) table.refuse_keys({"number", "target", "clip"}, "means nothing to a bonus");
  if (action) term.of = RewardTerm::Of::action;
  if (quantity) {
    term.of = RewardTerm::Of::quantity;
    term.quantity = *quantity;
  }
  return term;
}

HealthyRange read_healthy(Table& table) {
  HealthyRange range;
  range.low = table.get("above", -infinity);
  range.high = table.get("below", infinity);
  range.ends_included = table.get("ends_included", false);
  const auto quantity = read_quantity(table);
  if (!quantity)
    refuse(table.source(), fmt::format("a healthy range is of one of {}", names_of_kinds()));
  if (!(range.low < range.high) || (range.low == -infinity && range.high == infinity))
    refuse(table.source(),
           "a healthy range has 'above', 'below' or both, the one less than the "
           "other");
  range.of = *quantity;
  return range;
}

ResetNoise read_reset(Table& table) {
  ResetNoise noise;
  const std::vector<std::string> shapes = {"uniform", "normal"};
  noise.position_kind = table.choice("position_noise", shapes, noise.position_kind);
  noise.velocity_kind = table.choice("velocity_noise", shapes, noise.velocity_kind);
  noise.position_scale = table.scale("position_scale");
  noise.velocity_scale = table.scale("velocity_scale");
  return noise;
}

std::string find_body(const std::filesystem::path& file, const toml::node& node) {
  const auto name = node.value<std::string>();
  if (!name) refuse(node, "'body' takes the name of an MJCF file, in quotes");
  const std::filesystem::path beside = file.parent_path() / *name;
  if (std::filesystem::exists(beside)) return std::filesystem::absolute(beside).string();
  if (is_embedded(*name)) return *name;
  refuse(node, fmt::format("no MJCF file {}", beside.string()));
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (std::filesystem::is_directory(file))
    throw Error(fmt::format("cannot read {}: it is a folder", file.string()));
  if (!in) throw Error(fmt::format("cannot read {}: no such file, or not readable", file.string()));
  return {std::istreambuf_iterator<char>(in), {}};
}

toml::table parse(const std::filesystem::path& file, const std::string& text) {
  try {
    return toml::parse(text, file.string());
  } catch (const toml::parse_error& error) {
    throw UsageError(fmt::format("{}:{}:{}: {}", file.string(), error.source().begin.line,
                                 error.source().begin.column, error.description()));
  }
}

TaskDescription read(const std::filesystem::path& file, const std::string& text) {
  const toml::table parsed = parse(file, text);
  Table document(parsed);
  TaskDescription task;
  task.name = std::filesystem::absolute(file).lexically_normal().string();
  task.source = document.get<std::string>("source", task.name);
  task.remark = document.get<std::string>("remark", "");
  const toml::node* body = document.find("body");
  if (!body)
    throw UsageError(fmt::format(
        "{}: a robot's file names its body, body = \"my_robot.xml\" (a file of settings goes with "
        "--config)",
        file.string()));
  task.body = find_body(file, *body);
  task.frame_skip = static_cast<int>(document.count("frame_skip", 1, 10'000));
  task.horizon = document.count("horizon", 1000, 1'000'000);
  task.reward_clip = document.limit("reward_clip");
  task.ends_when_unhealthy = document.get("ends_when_unhealthy", true);
  if (const toml::node* reset = document.find("reset")) {
    if (!reset->is_table()) refuse(*reset, "'reset' is a table: [reset]");
    Table table(*reset->as_table(), document);
    task.reset = read_reset(table);
    table.refuse_other_keys();
  }
  document.set_body(mujoco_body(task.body));
  for_each_table(document, "observe", [&](Table& table) { read_observed(table, task.observe); });
  for_each_table(document, "reward",
                 [&](Table& table) { task.reward.push_back(read_reward(table)); });
  for_each_table(document, "healthy",
                 [&](Table& table) { task.healthy.push_back(read_healthy(table)); });
  for (const RewardTerm& term : task.reward)
    if (term.while_healthy && task.healthy.empty())
      throw UsageError(
          fmt::format("{}: pays while_healthy, but says nowhere what is healthy: it "
                      "needs [[healthy]]",
                      file.string()));
  document.refuse_other_keys();
  if (task.observe.empty())
    throw UsageError(fmt::format("{}: observes nothing: it needs [[observe]]", file.string()));
  if (task.reward.empty())
    throw UsageError(fmt::format("{}: pays nothing: it needs [[reward]]", file.string()));
  return task;
}

std::string fingerprint(const std::string& text) {
  uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211;
  return fmt::format("{:016x}", hash);
}

}  // namespace

TaskDescription read_robot_file(const std::filesystem::path& file) {
  return read(file, text_of(file));
}

TaskEntry robot_task(const std::filesystem::path& file) {
  const std::string text = text_of(file);
  const TaskDescription description = read(file, text);
  TaskEntry entry = described_entry(description);
  entry.fingerprint = fingerprint(
      text + (is_embedded(description.body) ? description.body : text_of(description.body)));
  return entry;
}

}  // namespace reverie
