#include <reverie/runs/store.h>

#include <reverie/core/error.h>
#include <reverie/runs/run_folder.h>

#include <fmt/core.h>
#include <sqlite3.h>

#include <chrono>
#include <utility>

namespace reverie {

class Store::Statement {
 public:
  Statement(const Store& store, const char* sql) : store_(store) {
    check(sqlite3_prepare_v2(store.database_, sql, -1, &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Binds the values in order and runs to the end.
  template <class... Values>
  void run(const Values&... values) {
    bind(values...);
    while (step()) {
    }
    check(sqlite3_reset(statement_));
  }

  template <class... Values>
  void bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
  }

  /// True while there is a row.
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) store_.fail(code);
    return false;
  }

  int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  double real(int column) const { return sqlite3_column_double(statement_, column); }
  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes ? bytes : "";
  }

 private:
  void check(int code) const {
    if (code != SQLITE_OK) store_.fail(code);
  }
  void bind_one(int index, int64_t value) { check(sqlite3_bind_int64(statement_, index, value)); }
  void bind_one(int index, double value) { check(sqlite3_bind_double(statement_, index, value)); }
  void bind_one(int index, std::string_view value) {
    check(sqlite3_bind_text(statement_, index, value.data(), static_cast<int>(value.size()),
                            SQLITE_TRANSIENT));
  }

  const Store& store_;
  sqlite3_stmt* statement_ = nullptr;
};

/// Rolled back unless committed.
class Store::Transaction {
 public:
  explicit Transaction(const Store& store) : store_(store) { store_.execute("BEGIN IMMEDIATE"); }
  ~Transaction() {
    if (!done_) sqlite3_exec(store_.database_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    store_.execute("COMMIT");
    done_ = true;
  }

 private:
  const Store& store_;
  bool done_ = false;
};

Store::Store(const std::filesystem::path& file, Access access) : file_(file) {
  try {
    if (access == Access::read)
      open_to_read();
    else
      open_to_write();
  } catch (...) {
    sqlite3_close(database_);
    throw;
  }
}

void Store::open_to_read() {
  const auto usable = [this] {
    sqlite3_busy_timeout(database_, 10'000);
    return sqlite3_exec(database_, "SELECT 1 FROM metrics LIMIT 1", nullptr, nullptr, nullptr) ==
           SQLITE_OK;
  };
  int code = sqlite3_open_v2(file_.c_str(), &database_, SQLITE_OPEN_READONLY, nullptr);
  if (code == SQLITE_OK && usable()) return;
  // In write-ahead mode even a reader writes beside the file, unless it may take it for immutable.
  sqlite3_close(database_);
  std::string uri = "file:";
  for (const char letter : std::filesystem::absolute(file_).string())
    uri += letter == '%' || letter == '?' || letter == '#' ? fmt::format("%{:02x}", letter)
                                                           : std::string(1, letter);
  code = sqlite3_open_v2((uri + "?immutable=1").c_str(), &database_,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  if (code != SQLITE_OK || !usable()) fail(code);
}

void Store::open_to_write() {
  const int code = sqlite3_open_v2(file_.c_str(), &database_,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  if (code != SQLITE_OK) fail(code);
  sqlite3_busy_timeout(database_, 10'000);  // a reader may hold the file for a moment
  execute("PRAGMA journal_mode=WAL");
  // Each commit reaches the disk before the checkpoint that counts on it: an iteration is slow
  // enough for one sync.
  execute("PRAGMA synchronous=FULL");
  execute(
      "CREATE TABLE IF NOT EXISTS metrics(iteration INTEGER, env_steps INTEGER, name TEXT,"
      " value REAL, PRIMARY KEY(iteration, name)) WITHOUT ROWID;"
      "CREATE TABLE IF NOT EXISTS evaluations(iteration INTEGER PRIMARY KEY, env_steps INTEGER,"
      " episodes INTEGER, return_mean REAL, return_std REAL);"
      "CREATE TABLE IF NOT EXISTS episodes(iteration INTEGER, env_steps INTEGER,"
      " \"return\" REAL, length INTEGER, environment INTEGER);"
      "CREATE INDEX IF NOT EXISTS episodes_iteration ON episodes(iteration);"
      "CREATE TABLE IF NOT EXISTS checkpoints(number INTEGER PRIMARY KEY, iteration INTEGER,"
      " env_steps INTEGER, wall_seconds REAL);"
      "CREATE TABLE IF NOT EXISTS events(unix_time REAL, kind TEXT, text TEXT);");
}

Store::~Store() {
  sqlite3_close(database_);
}

void Store::fail(int code) const {
  const std::string reason = database_ ? sqlite3_errmsg(database_) : sqlite3_errstr(code);
  const int kind = (database_ ? sqlite3_errcode(database_) : code) & 0xff;
  const std::string way_out =
      kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB
          ? fmt::format("; put a copy back, or take it away: {} then goes on, with the figures "
                        "that TensorBoard's events have",
                        resume_command(file_.parent_path()))
          : "";
  throw Error(fmt::format("cannot use {}: {}{}", file_.string(), reason, way_out));
}

void Store::execute(const char* sql) const {
  const int code = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

void Store::add(const IterationRow& row) {
  Transaction transaction(*this);
  Statement metric(*this, "INSERT OR REPLACE INTO metrics VALUES(?,?,?,?)");
  for (const auto& [name, value] : row.metrics)
    metric.run(row.iteration, row.env_steps, std::string_view(name), value);
  Statement episode(*this, "INSERT INTO episodes VALUES(?,?,?,?,?)");
  for (const auto& one : row.episodes)
    episode.run(row.iteration, row.env_steps, one.episode_return, one.length, one.environment);
  if (row.evaluation) {
    const auto& found = *row.evaluation;
    Statement(*this, "INSERT OR REPLACE INTO evaluations VALUES(?,?,?,?,?)")
        .run(row.iteration, row.env_steps, found.episodes, found.return_mean, found.return_std);
  }
  transaction.commit();
}

void Store::add(const CheckpointRow& row) {
  Statement(*this, "INSERT OR REPLACE INTO checkpoints VALUES(?,?,?,?)")
      .run(row.number, row.iteration, row.env_steps, row.wall_seconds);
}

void Store::add_event(std::string_view kind, std::string_view text) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  Statement(*this, "INSERT INTO events VALUES(?,?,?)").run(now.count(), kind, text);
}

void Store::truncate_after(int64_t iteration) {
  Transaction transaction(*this);
  Statement(*this, "DELETE FROM metrics WHERE iteration > ?").run(iteration);
  Statement(*this, "DELETE FROM evaluations WHERE iteration > ?").run(iteration);
  Statement(*this, "DELETE FROM episodes WHERE iteration > ?").run(iteration);
  transaction.commit();
}

void Store::truncate_checkpoints_after(int64_t number) {
  Statement(*this, "DELETE FROM checkpoints WHERE number > ?").run(number);
}

std::vector<IterationRow> Store::iterations() const {
  std::vector<IterationRow> rows;
  Statement select(*this,
                   "SELECT iteration, env_steps, name, value FROM metrics ORDER BY iteration");
  while (select.step()) {
    if (rows.empty() || rows.back().iteration != select.integer(0)) {
      rows.emplace_back();
      rows.back().iteration = select.integer(0);
      rows.back().env_steps = select.integer(1);
    }
    rows.back().metrics[select.text(2)] = select.real(3);
  }
  return rows;
}

std::vector<EvaluationRow> Store::evaluations() const {
  std::vector<EvaluationRow> rows;
  Statement select(*this,
                   "SELECT iteration, env_steps, episodes, return_mean, return_std"
                   " FROM evaluations ORDER BY iteration");
  while (select.step())
    rows.push_back(
        {select.integer(0), select.integer(1), select.integer(2), select.real(3), select.real(4)});
  return rows;
}

std::optional<CheckpointRow> Store::checkpoint(int64_t number) const {
  for (const auto& row : checkpoint_rows())
    if (row.number == number) return row;
  return std::nullopt;
}

std::optional<CheckpointRow> Store::newest_checkpoint() const {
  const auto rows = checkpoint_rows();
  return rows.empty() ? std::nullopt : std::optional(rows.back());
}

std::vector<CheckpointRow> Store::checkpoint_rows() const {
  Statement select(*this,
                   "SELECT number, iteration, env_steps, wall_seconds FROM checkpoints"
                   " ORDER BY number");
  std::vector<CheckpointRow> rows;
  while (select.step())
    rows.push_back({select.integer(0), select.integer(1), select.integer(2), select.real(3)});
  return rows;
}

std::vector<EventRow> Store::events() const {
  Statement select(*this, "SELECT unix_time, kind, text FROM events ORDER BY rowid");
  std::vector<EventRow> rows;
  while (select.step()) rows.push_back({select.real(0), select.text(1), select.text(2)});
  return rows;
}

std::optional<double> Store::newest(std::string_view metric) const {
  Statement select(*this,
                   "SELECT value FROM metrics WHERE name = ? ORDER BY iteration DESC LIMIT 1");
  select.bind(metric);
  return select.step() ? std::optional(select.real(0)) : std::nullopt;
}

double Store::total(std::string_view metric) const {
  Statement select(*this, "SELECT coalesce(sum(value), 0) FROM metrics WHERE name = ?");
  select.bind(metric);
  return select.step() ? select.real(0) : 0.0;
}

}  // namespace reverie
