#include <reverie/envs/mujoco/mjcf_files.h>

#include <reverie/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

namespace reverie {
namespace {

namespace fs = std::filesystem;

/// An attribute of an element, and where its value stands in the text.
struct Attribute {
  std::string element, name;
  size_t begin, end;
};

/// All attributes of an XML text that a parser has accepted.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Attribute> attributes() {
    while ((at_ = text_.find('<', at_)) != text_.npos) {
      if (skip("<!--", "-->") || skip("<![CDATA[", "]]>") || skip("<!", ">") || skip("<?", "?>") ||
          skip("</", ">"))
        continue;
      ++at_;
      read_element();
    }
    return std::move(found_);
  }

 private:
  bool skip(std::string_view opens, std::string_view closes) {
    if (!text_.substr(at_).starts_with(opens)) return false;
    const size_t end = text_.find(closes, at_ + opens.size());
    at_ = end == text_.npos ? text_.size() : end + closes.size();
    return true;
  }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  std::string word() {
    const size_t begin = at_;
    at_ = std::min(text_.find_first_of(" \t\r\n=/>", at_), text_.size());
    return std::string(text_.substr(begin, at_ - begin));
  }
  void read_element() {
    const std::string element = word();
    for (;;) {
      skip_space();
      if (at_ == text_.size() || text_[at_] == '>' || text_[at_] == '/') return;
      const std::string name = word();
      skip_space();
      if (at_ == text_.size() || text_[at_] != '=') return;
      ++at_;
      skip_space();
      if (at_ == text_.size()) return;
      const size_t end = text_.find(text_[at_], at_ + 1);  // the quote that closes
      if (end == text_.npos) return;
      found_.push_back({element, name, at_ + 1, end});
      at_ = end + 1;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Attribute> found_;
};

std::string unescaped(std::string value) {
  constexpr std::pair<std::string_view, char> entities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
  for (const auto& [name, letter] : entities)
    for (size_t at = 0; (at = value.find(name, at)) != value.npos; ++at)
      value.replace(at, name.size(), 1, letter);
  return value;
}

std::string escaped(const std::string& value) {
  std::string out;
  for (const char letter : value) {
    if (letter == '&')
      out += "&amp;";
    else if (letter == '<')
      out += "&lt;";
    else if (letter == '"')
      out += "&quot;";
    else if (letter == '\'')
      out += "&apos;";
    else
      out += letter;
  }
  return out;
}

/// An XML file, and the folder that the paths in it lead from.
struct Document {
  fs::path path, base;
  std::string text;
  std::vector<Attribute> attributes;

  std::string value(const Attribute& one) const {
    return unescaped(text.substr(one.begin, one.end - one.begin));
  }
};

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(fmt::format("cannot read {}", file.string()));
  return {std::istreambuf_iterator<char>(in), {}};
}

bool names_a_folder(const Attribute& one) {
  return one.element == "compiler" &&
         (one.name == "meshdir" || one.name == "texturedir" || one.name == "assetdir");
}
/// file, and a texture's fileright, …
bool names_a_file(const Attribute& one) {
  return one.name.starts_with("file");
}
bool names_xml(const Attribute& one) {
  return names_a_file(one) && (one.element == "include" || one.element == "model");
}

class Collector {
 public:
  std::vector<MjcfFile> collect(const fs::path& file) {
    const fs::path main = fs::absolute(file).lexically_normal();
    add_document(main, main.parent_path());
    for (size_t i = 0; i < documents_.size(); ++i) follow(i);
    for (const Document& document : documents_) add_assets(document);
    return std::move(files_);
  }

 private:
  void add_document(const fs::path& path, const fs::path& base) {
    if (!is_new_file(path)) return;
    Document document{path, base, text_of(path), {}};
    document.attributes = Scanner(document.text).attributes();
    for (const Attribute& one : document.attributes)
      if (names_a_folder(one)) folders_.insert(document.value(one));
    files_.push_back({path, with_relative_paths(document), true});
    documents_.push_back(std::move(document));
  }

  /// Reads what a document includes or attaches.
  void follow(size_t index) {
    const Document document = documents_[index];  // a copy: the list grows
    for (const Attribute& one : document.attributes) {
      if (!names_xml(one)) continue;
      // MuJoCo 2 includes from the MJCF's folder; later versions also from the including file's.
      for (const fs::path& from : {document.base, document.path.parent_path()}) {
        const fs::path path = (from / document.value(one)).lexically_normal();
        add_document(path, one.element == "model" ? path.parent_path() : document.base);
      }
    }
  }

  void add_assets(const Document& document) {
    for (const Attribute& one : document.attributes) {
      if (!names_a_file(one) || names_xml(one)) continue;
      const fs::path named = document.value(one);
      for (const fs::path& from : {document.base, document.path.parent_path()})
        for (const std::string& folder : folders_)
          for (const fs::path& name : {named, named.filename()}) {  // or stripped of its path
            const fs::path path = (from / folder / name).lexically_normal();
            if (is_new_file(path)) files_.push_back({path});
          }
    }
  }

  bool is_new_file(const fs::path& path) {
    std::error_code error;
    return fs::is_regular_file(path, error) && seen_.insert(path).second;
  }

  static std::string with_relative_paths(const Document& document) {
    std::string text = document.text;
    for (auto one = document.attributes.rbegin(); one != document.attributes.rend(); ++one) {
      if (!names_a_file(*one) && !names_a_folder(*one)) continue;
      const fs::path path = document.value(*one);
      if (!path.is_absolute()) continue;
      const fs::path relative = path.lexically_normal().lexically_relative(document.base);
      text.replace(one->begin, one->end - one->begin, escaped(relative.string()));
    }
    return text;
  }

  std::vector<Document> documents_;
  std::vector<MjcfFile> files_;
  std::set<std::string> folders_ = {""};  // that meshes and textures are looked for in
  std::set<fs::path> seen_;
};

}  // namespace

std::vector<MjcfFile> mjcf_files(const fs::path& file) {
  return Collector().collect(file);
}

}  // namespace reverie
