#include <reverie/improvers/choice.h>

namespace reverie {

std::vector<std::string> setting_names(ImproverKind) {
  return {"trpo", "ppo", "vpg"};
}

void ImproverConfig::describe(Settings& settings) {
  if (is_chosen) settings.add("improver", kind, "how the policy is improved");
  if (is_chosen || kind == ImproverKind::trpo) settings.group("trpo", trpo);
  if (is_chosen || kind == ImproverKind::ppo) settings.group("ppo", ppo);
  if (is_chosen || kind == ImproverKind::vpg) settings.group("vpg", vpg);
}

std::unique_ptr<Improver> make_improver(const ImproverConfig& config, RandomStream random) {
  switch (config.kind) {
    case ImproverKind::trpo:
      return std::make_unique<Trpo>(config.trpo);
    case ImproverKind::ppo:
      return std::make_unique<Ppo>(config.ppo, random);
    case ImproverKind::vpg:
      return std::make_unique<Vpg>(config.vpg);
  }
  throw std::logic_error("an improver without a line in make_improver");
}

}  // namespace reverie
