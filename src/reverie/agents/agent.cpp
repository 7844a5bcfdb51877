#include <reverie/agents/agent.h>

#include <reverie/core/error.h>

namespace reverie {

std::string_view key_where_a_model_is_learned(SettingRole role) {
  switch (role) {
    case SettingRole::random_steps:
      return "collect.random_steps";
    case SettingRole::learn_reward:
      return "model.learn_reward";
    case SettingRole::learn_end:
      return "model.learn_end";
  }
  return {};
}

std::string Agent::start_from(Archive&) {
  throw UsageError("this method can't start from another run's policy or model");
}

}  // namespace reverie
