#include <reverie/runs/event_file.h>

#include <reverie/core/error.h>
#include <reverie/runs/files.h>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace reverie {
namespace {

constexpr const char* kPrefix = "events.out.tfevents.";

// In the order in which TensorBoard reads them.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().filename().string().starts_with(kPrefix)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw Error(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder, double unix_time) {
  const auto files = files_in(folder);
  std::string before;
  bool fresh = true, cut_short = false;
  for (const auto& file : files) {
    const std::string bytes = read_file(file);
    const size_t whole = read_events(bytes).whole;
    before.append(bytes, 0, whole);
    fresh = whole == 0;
    cut_short = whole < bytes.size();
  }
  if (files.empty()) {
    char host[256] = "localhost";
    ::gethostname(host, sizeof(host) - 1);
    path_ = folder / fmt::format("{}{:.0f}.{}", kPrefix, unix_time, host);
  } else {
    path_ = files.back();
    if (cut_short) path_ += ".1";  // the next in order
  }
  auto content = read_events(before);
  held_ = std::move(content.events);
  started_ = content.started;
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(path_);
  try {
    if (fresh || cut_short) write(version_event(unix_time));
    keep(held_.size(), unix_time);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

EventFile::~EventFile() {
  ::close(descriptor_);
}

void EventFile::keep(size_t count, double unix_time) {
  if (count >= held_.size() && started_) return;
  const int64_t first_forgotten = count == 0 ? 0 : held_[count - 1].step + 1;
  if (!started_) write(start_event(unix_time, 0));  // the first one makes nothing forgotten
  if (count < held_.size()) write(start_event(unix_time, first_forgotten));
  started_ = true;
  held_.resize(std::min(count, held_.size()));
}

void EventFile::add(double wall_time, int64_t step, const std::map<std::string, double>& scalars) {
  write(scalar_event(wall_time, step, scalars));
}

// A record is one call: readers see it whole, as far as the system can help it.
void EventFile::write(std::string_view data) {
  std::string record = event_record(data);
  for (std::string_view rest = record; !rest.empty();) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(path_);
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace reverie
