// For tests of how many libtorch operations are used: each costs at least one launch on a GPU.
#pragma once

#include <ATen/record_function.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace reverie::testing {

/// While an instance exists, records the primitive libtorch operations that this thread calls,
/// without views and allocations. Approximates the launches on a GPU, so a batched product counts
/// as one, even if the CPU computes its products one by one.
class OperatorLog {
 public:
  OperatorLog() {
    state() = {};
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(&begin, &end).scopes({at::RecordScope::FUNCTION}));
  }
  ~OperatorLog() { at::removeCallback(handle_); }
  OperatorLog(const OperatorLog&) = delete;
  OperatorLog& operator=(const OperatorLog&) = delete;

  const std::vector<std::string>& names() const { return state().names; }
  int64_t count() const { return static_cast<int64_t>(names().size()); }
  /// How often the operation `name` was called.
  int64_t count(std::string_view name) const {
    return std::count(names().begin(), names().end(), name);
  }

 private:
  struct State {
    std::vector<std::string> names;
    std::vector<size_t> under_way;  ///< The number of names when each one began.
  };
  static State& state() {
    thread_local State state;
    return state;
  }
  /// Whether the operation launches nothing on a device.
  static bool free(std::string_view name) {
    if (name.starts_with("autograd::") || name.ends_with("Backward0")) return true;
    static const std::unordered_set<std::string_view> names = {
        "aten::alias",
        "aten::as_strided",
        "aten::chunk",
        "aten::detach",
        "detach",
        "aten::empty",
        "aten::empty_like",
        "aten::empty_strided",
        "aten::expand",
        "aten::flatten",
        "aten::narrow",
        "aten::permute",
        "aten::reshape",
        "aten::resize_",
        "aten::select",
        "aten::slice",
        "aten::split",
        "aten::squeeze",
        "aten::t",
        "aten::to",
        "aten::transpose",
        "aten::unflatten",
        "aten::unsqueeze",
        "aten::view",
        "aten::view_as",
        "aten::result_type",
        "aten::_reshape_alias",
        "aten::_unsafe_view",
        "aten::lift_fresh",
        "aten::is_nonzero",
        "aten::set_data",
        "aten::requires_grad_",
        "aten::contiguous",
        "aten::expand_as",
        "aten::unbind",
        "aten::size",
    };
    return names.contains(name);
  }
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction&) {
    state().under_way.push_back(state().names.size());
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext*) {
    auto& [names, under_way] = state();
    if (under_way.empty()) return;  // begun before the log
    const std::string_view name = function.name();
    const size_t before = under_way.back();
    under_way.pop_back();
    if (name.starts_with("aten::bmm") || name.starts_with("aten::baddbmm")) names.resize(before);
    if (names.size() == before && !free(name)) names.emplace_back(name);
  }

  at::CallbackHandle handle_;
};

}  // namespace reverie::testing
