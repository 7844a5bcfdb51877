#include <reverie/imagination/starts.h>

#include <reverie/core/archive.h>
#include <reverie/data/weighted_draw.h>

namespace reverie {
std::vector<std::string> setting_names(StartStates) {
  return {"reset", "initial", "buffer"};
}

Starts::Starts(Session& session, const StartsConfig& config, const Replay& replay, Weights weights)
    : session_(session),
      config_(config),
      replay_(replay),
      weights_(std::move(weights)),
      random_(session.stream("starts")) {}

Tensor Starts::draw(int64_t groups, int64_t rows) {
  const int64_t count = groups * rows;
  Tensor starts;
  if (config_.from != StartStates::reset && replay_.size() > 0) starts = from_replay(count);
  if (!starts.defined()) starts = session_.world().initial_observations(count, random_);
  return starts.view({groups, rows, -1}).to(session_.device());
}

// Undefined where the replay holds none of the kind.
Tensor Starts::from_replay(int64_t count) {
  if (config_.from == StartStates::initial) {
    const Tensor initial = replay_.initial();
    if (initial.size(0) == 0) return {};
    return replay_.observations(initial.index_select(0, random_.below(initial.size(0), {count})));
  }
  Tensor starts = replay_.observations(any_rows(count));
  const auto fresh = random_.uniform({count}, 0, 1) < config_.reset_probability;
  const auto chosen = fresh.nonzero().squeeze(1);
  if (chosen.size(0) > 0)
    starts.index_copy_(0, chosen, session_.world().initial_observations(chosen.size(0), random_));
  return starts;
}

Tensor Starts::any_rows(int64_t count) {
  const Tensor weights = config_.weighted && weights_ ? weights_() : Tensor();
  if (!weights.defined()) return random_.below(replay_.size(), {count});
  return WeightedDraw(weights)(count, random_);
}

void Starts::serialize(Archive& archive) {
  archive("random", random_);
}

}  // namespace reverie
