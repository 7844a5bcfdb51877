// Selects a method's improver by its settings.
#pragma once

#include <reverie/improvers/ppo.h>
#include <reverie/improvers/trpo.h>
#include <reverie/improvers/vpg.h>

#include <memory>

namespace reverie {

enum class ImproverKind { trpo, ppo, vpg };
std::vector<std::string> setting_names(ImproverKind);

/// `improver`, `trpo.…`, `ppo.…` and `vpg.…` in the settings of every method that improves its
/// policy by policy gradients. Describe it outside any group.
struct ImproverConfig {
  ImproverKind kind = ImproverKind::trpo;
  bool is_chosen = true;  ///< False if the method's name fixes it: no other is described then.
  TrpoConfig trpo;
  PpoConfig ppo;
  VpgConfig vpg;

  void describe(Settings& settings);
};

/// `random` is for improvers that draw random numbers.
std::unique_ptr<Improver> make_improver(const ImproverConfig& config, RandomStream random);

}  // namespace reverie
