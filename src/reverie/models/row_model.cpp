#include <reverie/models/row_model.h>

#include <reverie/nn/kernels/gaussian_head.h>
#include <reverie/nn/kernels/mixture_head.h>

#include <algorithm>

namespace reverie {
namespace {

float mean_of(const std::vector<float>& values) {
  float sum = 0;
  for (const float value : values) sum += value;
  return sum / static_cast<float>(values.size());
}

/// The lower one of the middle two, where there are two.
float median_of(std::vector<float>& values) {
  const auto middle = values.begin() + (static_cast<std::ptrdiff_t>(values.size()) - 1) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

ReadyModel::ReadyModel(const DynamicsModel& model, int64_t rows) : model_(model) {
  const auto& effective = model.ensemble().effective();
  for (int64_t k = 0; k < model.members(); ++k) {
    weights_.emplace_back(model.ensemble().shape(), rows, kernels::Use::inference,
                          model.config().precision);
    weights_.back().read(effective.data_ptr<float>() + k * effective.size(1));
  }
}

RowModel::RowModel(const ReadyModel& ready, int64_t rows, Members members, bool draws)
    : ready_(ready),
      model_(ready.model()),
      rows_(rows),
      o_(model_.observation_size()),
      a_(model_.action_size()),
      members_(members),
      draws_(draws),
      input_(static_cast<size_t>(rows * (o_ + a_))),
      reward_(static_cast<size_t>(rows)),
      ended_(static_cast<size_t>(rows)),
      said_(model_.elites().size()),
      pass_(model_.ensemble().shape(), rows, kernels::Use::inference, model_.config().precision) {
  const auto numbers = static_cast<size_t>(rows * model_.target_size());
  if (mixed()) {
    member_.resize(static_cast<size_t>(rows));
    gathered_.resize(input_.size());
  }
  if (averaged()) by_member_.resize(numbers * said_.size());
  if (mixed() || averaged()) output_.resize(numbers);
  if (model_.config().head != Head::deterministic) {
    noise_.resize(numbers);
    if (model_.config().head == Head::mixture) uniform_.resize(numbers);
    sample_.resize(numbers);
  }
}

void RowModel::begin(int64_t row, RandomStream& random) {
  if (members_ == Members::episode) member_[static_cast<size_t>(row)] = random_elite(random);
}

int64_t RowModel::random_elite(RandomStream& random) const {
  const auto& elites = model_.elites();
  return elites[static_cast<size_t>(random.below(static_cast<int64_t>(elites.size())))];
}

void RowModel::move(const float* state, const float* action, int64_t fixed, RandomStream& random,
                    float* next) {
  write_inputs(state, action);
  const float* predicted = mixed()      ? predict_mixed(random)
                           : averaged() ? predict_by_all(random)
                                        : predict(fixed, input_.data(), rows_, random);
  const int64_t width = model_.target_size();
  const float* mean = model_.target_normaliser().mean().data_ptr<float>();
  const float* std = model_.target_normaliser().std().data_ptr<float>();
  const float* low = model_.lowest_state().data_ptr<float>();
  const float* high = model_.highest_state().data_ptr<float>();
  const int64_t r = model_.reward_column(), e = model_.end_column();
  const bool differs = model_.config().target == StateTarget::difference;
  for (int64_t row = 0; row < rows_; ++row) {
    const float* output = predicted + row * width;
    for (int64_t j = 0; j < o_; ++j) {
      const float from = differs ? state[row * o_ + j] : 0.0f;
      const float moved = from + mean[j] + std[j] * output[j];
      next[row * o_ + j] = std::min(std::max(moved, low[j]), high[j]);
    }
    if (model_.config().learn_reward) reward_[row] = mean[r] + std[r] * output[r];
    if (model_.config().learn_end)
      ended_[row] = mean[e] + std[e] * output[e] > DynamicsModel::end_threshold;
  }
}

void RowModel::write_inputs(const float* state, const float* action) {
  const float* state_mean = model_.observation_normaliser().mean().data_ptr<float>();
  const float* state_std = model_.observation_normaliser().std().data_ptr<float>();
  const float* action_mean = model_.action_normaliser().mean().data_ptr<float>();
  const float* action_std = model_.action_normaliser().std().data_ptr<float>();
  const float* low = model_.action_low().data_ptr<float>();
  const float* high = model_.action_high().data_ptr<float>();
  const bool clip = model_.config().clip_action;
  for (int64_t row = 0; row < rows_; ++row) {
    float* x = input_.data() + row * (o_ + a_);
    for (int64_t j = 0; j < o_; ++j) x[j] = (state[row * o_ + j] - state_mean[j]) / state_std[j];
    for (int64_t j = 0; j < a_; ++j) {
      const float given = action[row * a_ + j];
      const float seen = clip ? std::min(std::max(given, low[j]), high[j]) : given;
      x[o_ + j] = (seen - action_mean[j]) / action_std[j];
    }
  }
}

const float* RowModel::predict(int64_t member, const float* input, int64_t rows,
                               RandomStream& random, bool same_noise) {
  const float* output = pass_.forward(ready_.weights(member), input, rows);
  const HeadShape& head = model_.head_shape();
  if (head.head == Head::deterministic) return output;
  const int64_t d = model_.target_size();
  if (!same_noise) draw_noise(rows * d, random);
  const Tensor& bounds = model_.variance_bounds();
  const float* own = bounds.data_ptr<float>() + member * bounds.size(1) * bounds.size(2);
  if (head.head == Head::gaussian) {
    kernels::sample_gaussian_head(output, own, noise_.data(), rows, d, sample_.data());
  } else {
    const kernels::MixtureHead mixture{d, head.components, own[0]};
    if (draws_)
      mixture.sample(output, noise_.data(), uniform_.data(), rows, sample_.data());
    else
      mixture.mean(output, rows, sample_.data());
  }
  // An end is no quantity that varies: its mean is the probability that is held against a half.
  const int64_t width = head.outputs(), first = head.means() / d * head.end;
  if (head.end >= 0)
    for (int64_t row = 0; row < rows; ++row)
      sample_[row * d + head.end] = output[row * width + first];
  return sample_.data();
}

void RowModel::draw_noise(int64_t count, RandomStream& random) {
  if (!draws_) {
    std::fill_n(noise_.data(), count, 0.0f);
    return;
  }
  random.fill_normal(noise_.data(), count);
  if (!uniform_.empty()) random.fill_uniform(uniform_.data(), count, 0.0f, 1.0f);
}

const float* RowModel::predict_mixed(RandomStream& random) {
  const int64_t width = model_.target_size(), in = o_ + a_;
  if (members_ == Members::step)
    for (auto& member : member_) member = random_elite(random);
  for (const int64_t k : model_.elites()) {
    int64_t count = 0;
    for (int64_t row = 0; row < rows_; ++row)
      if (member_[row] == k)
        std::copy_n(input_.data() + row * in, in, gathered_.data() + (count++) * in);
    if (count == 0) continue;
    const float* output = predict(k, gathered_.data(), count, random);
    count = 0;
    for (int64_t row = 0; row < rows_; ++row)
      if (member_[row] == k)
        std::copy_n(output + (count++) * width, width, output_.data() + row * width);
  }
  return output_.data();
}

const float* RowModel::predict_by_all(RandomStream& random) {
  const size_t members = said_.size();
  const auto numbers = static_cast<size_t>(rows_ * model_.target_size());
  for (size_t k = 0; k < members; ++k)
    std::copy_n(predict(model_.elites()[k], input_.data(), rows_, random, /*same_noise=*/k > 0),
                numbers, by_member_.data() + k * numbers);
  for (size_t i = 0; i < numbers; ++i) {
    for (size_t k = 0; k < members; ++k) said_[k] = by_member_[k * numbers + i];
    output_[i] = members_ == Members::mean ? mean_of(said_) : median_of(said_);
  }
  return output_.data();
}

}  // namespace reverie
