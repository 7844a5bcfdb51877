#include <reverie/envs/robots/terms.h>

namespace reverie {
namespace {

using Number = RewardTerm::Number;
using Of = RewardTerm::Of;

/// What it is made of the components, and what goes with that.
void read_number(RobotTable& table, RewardTerm& term) {
  const std::vector<std::pair<std::string, Number>> numbers = {
      {"linear", Number::sum},    {"squared", Number::squares}, {"absolute", Number::absolutes},
      {"norm", Number::norm},     {"exp", Number::exponential}, {"tolerance", Number::tolerance},
      {"within", Number::within}, {"cosine", Number::cosine},   {"sine", Number::sine}};
  if (const toml::node* node = table.find("number")) {
    const auto name = RobotTable::value<std::string>(*node, "number");
    const auto found = std::ranges::find(numbers, name, &decltype(numbers)::value_type::first);
    if (found == numbers.end()) {
      std::vector<std::string> names;
      for (const auto& one : numbers) names.push_back(one.first);
      refuse_choice(*node, "number", name, names);
    }
    term.number = found->second;
  }
  term.target = table.number("target", 0.0);
  term.clip = table.limit("clip");
  const bool has_width = term.number == Number::exponential || term.number == Number::tolerance ||
                         term.number == Number::within;
  if (has_width) {
    if (!table.find("width"))
      refuse(table.source(), fmt::format("number = \"{}\" needs a 'width', in the quantity's unit",
                                         *table.source().get("number")->value<std::string>()));
    term.width = table.limit("width");
    if (!std::isfinite(term.width)) refuse(*table.find("width"), "'width' takes a finite number");
  } else {
    table.refuse_keys({"width"}, "goes with number = \"exp\", \"tolerance\" or \"within\"");
  }
  if (term.number == Number::tolerance)
    term.margin = table.scale("flat");
  else
    table.refuse_keys({"flat"}, "goes with number = \"tolerance\"");
  if (term.number == Number::cosine || term.number == Number::sine)
    table.refuse_keys({"clip"}, "means nothing to an angle");
}

/// A number of something: a reward's without its weight.
RewardTerm read_term(RobotTable& table, const std::vector<ObservedPart>& observed) {
  RewardTerm term;
  term.at = table.choice("at", {"before", "after", "rate"}, term.at);
  const bool bonus = table.get("bonus", false), action = table.get("action", false);
  const bool change = table.get("action_change", false);
  if (action || change) term.number = Number::squares;  // where nothing else is said
  read_number(table, term);
  const auto quantity = read_quantity(table);
  term.minus = read_minus(table, quantity);
  if (bonus + action + change + quantity.has_value() != 1) {
    table.refuse_other_keys();  // what was meant may be among them
    refuse(table.source(), fmt::format("a term pays for one thing: bonus = true, action = true, "
                                       "action_change = true, or one of {}",
                                       names_of_quantities()));
  }
  if (!quantity) table.refuse_keys({"minus", "at", "component"}, "goes with a quantity");
  if (bonus)
    table.refuse_keys({"number", "target", "clip", "width", "flat"}, "means nothing to a bonus");
  const auto shows_action = [](const ObservedPart& part) {
    return part.of.kind == Quantity::Kind::control && part.clip == infinity;
  };
  if (change && std::ranges::none_of(observed, shows_action))
    refuse(*table.find("action_change"),
           "a change of action is told by the action before: it needs [[observe]] "
           "previous_action = true");
  if (action) term.of = Of::action;
  if (change) term.of = Of::action_change;
  if (quantity) {
    term.of = Of::quantity;
    term.quantity = *quantity;
  }
  return term;
}

}  // namespace

void read_observed(RobotTable& table, std::vector<ObservedPart>& parts) {
  ObservedPart part;
  part.function = table.choice("function", {"value", "sine", "cosine"}, part.function);
  part.clip = table.limit("clip");
  const bool action = table.get("previous_action", false);
  const std::vector<Quantity> named = read_quantities(table);
  if (action && named.empty()) {
    table.refuse_keys({"function", "clip", "minus", "component"},
                      "means nothing to the action before");
    part.of = {Quantity::Kind::control};
    parts.push_back(part);
    return;
  }
  if (named.empty() || action) {
    table.refuse_other_keys();  // what was meant may be among them
    refuse(table.source(), fmt::format("observes {}: name one of previous_action = true, {}",
                                       action ? "two things" : "nothing", names_of_quantities()));
  }
  for (const Quantity& one : named) {
    part.of = one;
    part.minus = read_minus(table, one);
    parts.push_back(part);
  }
}

RewardTerm read_reward(RobotTable& table, const std::vector<ObservedPart>& observed) {
  RewardTerm term = read_term(table, observed);
  term.weight = table.number("weight", 1.0);
  term.while_healthy = table.get("while_healthy", false);
  term.when_unhealthy = table.get("when_unhealthy", false);
  if (term.while_healthy && term.when_unhealthy)
    refuse(*table.find("when_unhealthy"), "'when_unhealthy' and 'while_healthy' never meet");
  const toml::node* times = table.find("times");
  if (!times) return term;
  const auto read_factor = [&](const toml::node& node) {
    if (!node.is_table())
      refuse(node, "'times' takes a number: { upright = \"trunk\" }, or a list of them");
    RobotTable factor(*node.as_table(), table);
    term.times.push_back(read_term(factor, observed));
    if (term.times.back().of == Of::one) refuse(node, "a bonus as a factor is 1: leave it out");
    factor.refuse_other_keys();
  };
  if (const toml::array* list = times->as_array())
    for (const toml::node& one : *list) read_factor(one);
  else
    read_factor(*times);
  return term;
}

HealthyRange read_healthy(RobotTable& table) {
  HealthyRange range;
  range.low = table.get("above", -infinity);
  range.high = table.get("below", infinity);
  range.ends_included = table.get("ends_included", false);
  enum class Judged { each, norm };
  range.norm = table.choice("number", {"linear", "norm"}, Judged::each) == Judged::norm;
  const auto quantity = read_quantity(table);
  if (!quantity)
    refuse(table.source(), fmt::format("a healthy range is of one of {}", names_of_quantities()));
  if (!(range.low < range.high) || (range.low == -infinity && range.high == infinity))
    refuse(table.source(),
           "a healthy range has 'above', 'below' or both, the one less than the "
           "other");
  range.of = *quantity;
  range.minus = read_minus(table, quantity);
  return range;
}

}  // namespace reverie
