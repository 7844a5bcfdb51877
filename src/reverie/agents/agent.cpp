#include <reverie/agents/agent.h>

#include <reverie/core/error.h>

namespace reverie {

std::string Agent::start_from(Archive&) {
  throw UsageError("this method can't start from another run's policy or model");
}

}  // namespace reverie
