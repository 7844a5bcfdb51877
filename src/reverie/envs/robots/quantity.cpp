#include <reverie/envs/robots/quantity.h>

namespace reverie {
namespace {

/// "all" of a kind, or those of one name.
Quantity quantity_of(Quantity::Kind kind, const std::string& name) {
  return {kind, name == "all" ? std::string() : name};
}

/// A component that a quantity is narrowed to: "z" or 2.
void narrow(const RobotTable& table, const toml::node& node, Quantity& quantity) {
  const auto letter = node.value<std::string>();
  const auto number = node.value<int64_t>();
  if (letter && letter->size() == 1 && std::string("xyz").find(*letter) != std::string::npos)
    quantity.first = (*letter)[0] - 'x';
  else if (number && *number >= 0)
    quantity.first = *number;
  else
    refuse(node, "'component' takes \"x\", \"y\", \"z\" or an integer from 0");
  quantity.count = 1;
  table.require(quantity, node);
}

/// Adds a quantity, named at `at`, that the body must have: the component that the table narrows it
/// to, or each of several.
void add(RobotTable& table, const toml::node& at, const Quantity& quantity, bool lists,
         std::vector<Quantity>& quantities) {
  table.require(quantity, at);
  quantities.push_back(quantity);
  const toml::node* node = table.find("component");
  if (!node) return;
  const toml::array* list = node->as_array();
  if (!list || !lists || list->empty()) return narrow(table, *node, quantities.back());
  quantities.pop_back();
  for (const toml::node& one : *list) {
    quantities.push_back(quantity);
    narrow(table, one, quantities.back());
  }
}

/// Those that a table names; `lists`: whether one key may have several names.
std::vector<Quantity> read(RobotTable& table, bool lists) {
  std::vector<Quantity> quantities;
  for (const auto& [key, kind] : quantity_keys()) {
    const toml::node* node = table.find(key);
    if (!node) continue;
    if (!quantities.empty())
      refuse(*node, lists ? std::string("one kind of quantity to an entry")
                          : fmt::format("one quantity is enough: '{}' is the second", key));
    std::vector<const toml::node*> named = {node};
    if (const toml::array* array = node->as_array(); array && lists) {
      named.clear();
      for (const toml::node& one : *array) named.push_back(&one);
    }
    const auto nameless = [](const toml::node* one) {
      return one->value_or(std::string()).empty();
    };
    if (named.empty() || std::ranges::any_of(named, nameless))
      refuse(*node, fmt::format("'{}' takes a name{}, or \"all\"", key,
                                lists ? ", a list of names" : " in quotes"));
    for (const toml::node* one : named) {
      const Quantity quantity = quantity_of(kind, one->value_or(std::string()));
      add(table, *one, quantity, lists, quantities);
    }
  }
  return quantities;
}

}  // namespace

std::string names_of_quantities() {
  std::vector<std::string> names;
  for (const auto& [key, kind] : quantity_keys()) names.push_back(key);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<Quantity> read_quantities(RobotTable& table) {
  return read(table, /*lists=*/true);
}

std::optional<Quantity> read_quantity(RobotTable& table) {
  const std::vector<Quantity> one = read(table, /*lists=*/false);
  return one.empty() ? std::nullopt : std::optional(one.front());
}

std::optional<Quantity> read_minus(RobotTable& table, const std::optional<Quantity>& from) {
  const toml::node* node = table.find("minus");
  if (!node) return std::nullopt;
  if (!node->is_table()) refuse(*node, "'minus' takes a quantity: { site_position = \"goal\" }");
  RobotTable nested(*node->as_table(), table);
  auto quantity = read_quantity(nested);
  if (!quantity) refuse(*node, fmt::format("'minus' names no quantity: {}", names_of_quantities()));
  nested.refuse_other_keys();
  // component = "x" beside it is the difference's.
  if (from && from->count == 1 && quantity->count == 0) {
    const int64_t numbers = MeasurementLayout(table.body(), {*quantity}).find(*quantity).count;
    if (numbers > 1) {
      quantity->first = from->first;
      quantity->count = 1;
      table.require(*quantity, *node);
    }
  }
  return quantity;
}

}  // namespace reverie
