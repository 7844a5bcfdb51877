#include <reverie/models/member_fit.h>

#include <reverie/core/processors.h>
#include <reverie/core/workers.h>

namespace reverie {
namespace {

/// A minibatch is cut into blocks of about so many rows. Half as many cost a twentieth of a fit's
/// speed on one thread, and save nothing while there are no more than three threads a member.
constexpr int64_t kBlockRows = 128;

struct Blocks {
  explicit Blocks(int64_t n)
      : rows(n), count(std::max<int64_t>(1, (n + kBlockRows / 2) / kBlockRows)) {}
  int64_t first(int64_t block) const { return rows * block / count; }
  int64_t size(int64_t block) const { return first(block + 1) - first(block); }
  int64_t rows, count;
};

bool each_has_a_processor() {
  static const int usable = find_processors().usable();
  return worker_count() <= usable;
}

/// The rows `index` [count] of `from` [n, d], to `to` [count, d]: index_select_out without torch's
/// bookkeeping.
void copy_rows(const Tensor& from, const int64_t* index, int64_t count, float* to) {
  const int64_t width = from.size(1);
  const float* source = from.data_ptr<float>();
  for (int64_t i = 0; i < count; ++i, to += width)
    std::copy_n(source + index[i] * width, width, to);
}

}  // namespace

FitProblem::FitProblem(DynamicsModel& a_model, const Transitions& data,
                       const Objective& an_objective, const FitConfig& a_config)
    : model(a_model),
      objective(an_objective),
      config(a_config),
      inputs(a_model.inputs(data.observation, data.action).contiguous()),
      targets(a_model.targets(data).contiguous()),
      weight_decay(a_config.decay_of(a_model.ensemble().shape().layers())),
      best(a_model, a_config),
      row_pieces(kernels::row_pieces(a_model.ensemble().shape())) {
  if (model.ensemble().shape().weight_normalisation)
    column_pieces = kernels::column_pieces(model.ensemble().shape());
}

FitWorkspace::FitWorkspace(const FitProblem& problem)
    : pass(problem.model.ensemble().shape(), problem.config.batch, kernels::Use::training,
           problem.config.precision),
      weights(problem.model.ensemble().shape(), std::min(problem.config.batch, kBlockRows),
              kernels::Use::training, problem.config.precision),
      x(torch::empty({problem.config.batch, problem.inputs.size(1)})),
      y(torch::empty({problem.config.batch, problem.targets.size(1)})),
      output_gradient(
          torch::empty({problem.config.batch, problem.model.ensemble().shape().output()})),
      gradient(static_cast<size_t>(problem.model.ensemble().shape().effective_count())) {}

MemberFit::MemberFit(FitProblem& problem, int64_t member, int64_t epochs,
                     const RandomStream& random)
    : problem_(problem),
      member_(member),
      schedule_(problem.config, problem.inputs.size(0), epochs,
                random.split(static_cast<uint64_t>(member)), problem.objective.sampling(),
                split_stream(problem.config, random)),
      loop_(std::make_unique<HelpedLoop>(each_has_a_processor())) {
  if (problem.model.variance_bounds().defined()) {
    bounds_ = problem.model.variance_bounds()[member];
    bounds_moments_ = torch::zeros({2, bounds_.numel()});
    bounds_gradient_ = torch::zeros_like(bounds_);
  }
}

void MemberFit::run_epoch(FitWorkspace& workspace) {
  {
    // Also where a loss is not finite: what a failed run saves is what led to it.
    struct End {
      MemberFit& fit;
      ~End() { fit.problem_.model.ensemble().end_steps(fit.member_); }
    } const end{*this};
    ready(workspace);
    const double train_loss = sweep(schedule_.shuffle(), workspace, true);
    const bool wanted = schedule_.wants_holdout();
    schedule_.end_epoch(train_loss, wanted ? sweep(schedule_.holdout(), workspace, false) : 0.0);
  }
  problem_.best.after_epoch(member_, schedule_);
}

/// The mean loss over the rows of `index`, minibatch by minibatch, training on each if asked to.
double MemberFit::sweep(const Tensor& index, FitWorkspace& workspace, bool train) {
  double total = 0;
  for (int64_t from = 0; from < index.size(0); from += problem_.config.batch) {
    const auto rows = index.narrow(0, from, std::min(problem_.config.batch, index.size(0) - from));
    total += batch_loss(rows, workspace, train) * static_cast<double>(rows.size(0));
  }
  return total / static_cast<double>(index.size(0));
}

double MemberFit::batch_loss(const Tensor& rows, FitWorkspace& workspace, bool train) {
  const int64_t n = rows.size(0);
  auto x = workspace.x.narrow(0, 0, n), y = workspace.y.narrow(0, 0, n);
  const Blocks blocks(n);
  workspace.pass.begin(n);
  loop_->run(blocks.count, [&, index = rows.data_ptr<int64_t>(), to_x = x.data_ptr<float>(),
                            to_y = y.data_ptr<float>()](int64_t block) {
    const int64_t first = blocks.first(block), count = blocks.size(block);
    copy_rows(problem_.inputs, index + first, count, to_x + first * problem_.inputs.size(1));
    copy_rows(problem_.targets, index + first, count, to_y + first * problem_.targets.size(1));
    workspace.pass.forward_rows(workspace.weights, to_x, first, count);
  });
  // Not written to: torch has no blob of constants.
  auto* output = const_cast<float*>(workspace.pass.output());
  const auto raw = torch::from_blob(output, {n, problem_.model.ensemble().shape().output()});
  auto output_gradient = workspace.output_gradient.narrow(0, 0, n);
  Tensor bounds_gradient;
  const double value =
      train ? differentiate(raw, y, rows, output_gradient, bounds_gradient) : judged(raw, y, rows);
  if (!std::isfinite(value)) schedule_.stop_at_bad_loss(member_, x, y);
  if (!train) return value;
  train_on(workspace, n);
  if (bounds_gradient.defined()) step_bounds(bounds_gradient);
  return value;
}

/// Rounds the weights where products want them so: once a minibatch.
void MemberFit::ready(FitWorkspace& workspace) {
  const Tensor& effective = problem_.model.ensemble().effective();
  auto& weights = workspace.weights;
  weights.begin_read(effective.data_ptr<float>() + member_ * effective.size(1));
  if (weights.pieces() > 0)
    loop_->run(weights.pieces(), [&](int64_t piece) { weights.read_piece(piece); });
}

/// Only the loss may be differentiated by torch; the network is by its own kernel.
void MemberFit::train_on(FitWorkspace& workspace, int64_t rows) {
  const float* x = workspace.x.data_ptr<float>();
  const float* output_gradient = workspace.output_gradient.data_ptr<float>();
  float* gradient = workspace.gradient.data();
  const Blocks blocks(rows);
  loop_->run(blocks.count, [&](int64_t block) {
    workspace.pass.backward_rows(workspace.weights, blocks.first(block), blocks.size(block),
                                 output_gradient);
  });
  const auto step = problem_.model.ensemble().begin_step(member_, schedule_.learning_rate());
  const auto& pieces = problem_.row_pieces;
  const auto& columns = problem_.column_pieces;
  loop_->run(static_cast<int64_t>(pieces.size()), [&](int64_t i) {
    const auto& piece = pieces[static_cast<size_t>(i)];
    workspace.pass.weight_gradient(piece, x, output_gradient, gradient);
    decay(piece, gradient);
    if (columns.empty()) step.rows(piece, gradient);
  });
  // A column's length depends on all of its rows.
  if (!columns.empty())
    loop_->run(static_cast<int64_t>(columns.size()),
               [&](int64_t i) { step.columns(columns[static_cast<size_t>(i)], gradient); });
  ready(workspace);
}

/// Adds what weight decay is to a piece's gradient.
void MemberFit::decay(const kernels::WeightPiece& piece, float* gradient) const {
  if (problem_.weight_decay.empty()) return;
  const Ensemble& ensemble = problem_.model.ensemble();
  const auto factor = static_cast<float>(problem_.weight_decay[static_cast<size_t>(piece.layer)]);
  const float* weights =
      ensemble.effective().data_ptr<float>() + member_ * ensemble.effective().size(1);
  kernels::add_weight_decay(ensemble.shape(), piece, factor, weights, gradient);
}

/// The loss on rows of the holdout.
double MemberFit::judged(const Tensor& raw, const Tensor& target, const Tensor& rows) const {
  if (problem_.config.holdout_loss == HoldoutLoss::objective)
    return loss(raw, bounds_, target, rows).item<double>();
  return (problem_.model.head_shape().mean(raw) - target).square().mean().item<double>();
}

Tensor MemberFit::loss(const Tensor& raw, const Tensor& bounds, const Tensor& target,
                       const Tensor& rows) const {
  return problem_.objective.loss(problem_.model.head(raw, bounds), target, rows);
}

/// The loss; its gradient by the network's outputs goes to `output_gradient`, that by the
/// variance's bounds, where there are any, to `bounds_gradient`.
double MemberFit::differentiate(const Tensor& raw, const Tensor& target, const Tensor& rows,
                                Tensor& output_gradient, Tensor& bounds_gradient) const {
  if (problem_.model.config().head == Head::deterministic)
    return problem_.objective.loss_and_gradient(raw, target, rows, output_gradient);
  if (problem_.model.config().variance_bounds == VarianceBounds::learned)
    bounds_gradient = torch::empty_like(bounds_);
  return problem_.objective.head_loss_and_gradient(
      problem_.model.head_shape(), raw, bounds_, target, rows, output_gradient,
      bounds_gradient.defined() ? &bounds_gradient : nullptr);
}

/// Adam on the variance's bounds.
void MemberFit::step_bounds(const Tensor& gradient) {
  bounds_gradient_.copy_(gradient);
  if (problem_.model.config().head == Head::gaussian) {
    bounds_gradient_[1] += DynamicsModel::bounds_pull;
    bounds_gradient_[0] -= DynamicsModel::bounds_pull;
  }
  kernels::AdamRates rates;
  rates.learning_rate = static_cast<float>(schedule_.learning_rate());
  kernels::adam_step({bounds_.data_ptr<float>(), bounds_moments_[0].data_ptr<float>(),
                      bounds_moments_[1].data_ptr<float>()},
                     bounds_gradient_.data_ptr<float>(), bounds_.numel(), ++bounds_steps_, rates);
}

}  // namespace reverie
