#include "providers/xml_answer.hpp"

#include <expat.h>

#include <algorithm>
#include <memory>
#include <type_traits>

#include "core/encoding.hpp"
#include "providers/error.hpp"

namespace providers {
namespace {

struct free_parser {
  void operator()(XML_Parser one) const { XML_ParserFree(one); }
};
using parser_ptr = std::unique_ptr<std::remove_pointer_t<XML_Parser>, free_parser>;

// What the callbacks gather. They are called from C and must not throw: a failed allocation ends
// the reading as any other mistake does.
struct reading {
  const xml_limits& limits;
  XML_Parser parser;
  xml_answer out;
  std::size_t depth = 0;
  std::size_t elements = 0;
  bool refused = false;

  void refuse() {
    refused = true;
    XML_StopParser(parser, XML_FALSE);
  }
  bool in_member() const { return depth == 2; }
};

template <class Work>
void carefully(void* data, Work work) {
  reading& at = *static_cast<reading*>(data);
  if (at.refused) return;
  try {
    work(at);
  } catch (...) {
    at.refuse();
  }
}

void XMLCALL on_start(void* data, const XML_Char* name, const XML_Char**) {
  carefully(data, [&](reading& at) {
    if (++at.depth > at.limits.depth_max || ++at.elements > at.limits.elements_max)
      return at.refuse();
    if (at.depth == 1) at.out.root = name;
    if (at.depth == 2) at.out.members.emplace_back(name, std::string());
  });
}

void XMLCALL on_end(void* data, const XML_Char*) {
  carefully(data, [](reading& at) { --at.depth; });
}

void XMLCALL on_text(void* data, const XML_Char* text, int size) {
  carefully(data, [&](reading& at) {
    if (!at.in_member()) return;
    std::string& into = at.out.members.back().second;
    if (into.size() + static_cast<std::size_t>(size) > at.limits.text_bytes_max) return at.refuse();
    into.append(text, static_cast<std::size_t>(size));
  });
}

// With a document type come entities: bombs, files and addresses of somebody's choice.
void XMLCALL on_document_type(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  carefully(data, [](reading& at) { at.refuse(); });
}

}  // namespace

std::string_view xml_answer::find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &std::pair<std::string, std::string>::first);
  if (found == members.end()) return {};
  std::string_view text = found->second;
  constexpr std::string_view white = " \t\r\n";
  const auto first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

core::result<xml_answer> read_xml(std::string_view text, const xml_limits& limits) {
  if (text.size() > limits.bytes_max)
    return core::fail(errc::rejected, "an XML answer of more bytes than any has");
  // Said to be UTF-8 whatever the declaration says: another encoding is a mistake here.
  const parser_ptr parser(XML_ParserCreate("UTF-8"));
  if (!parser) return core::fail(errc::rejected, "no memory for reading XML");
  reading at{limits, parser.get(), {}};
  XML_SetUserData(parser.get(), &at);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_document_type);
  const auto status = XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
  if (at.refused)
    return core::fail(errc::rejected, "XML with a document type, or larger than any answer");
  if (status != XML_STATUS_OK)
    return core::fail(errc::rejected,
                      std::string("no XML: ") + XML_ErrorString(XML_GetErrorCode(parser.get())));
  return std::move(at.out);
}

}  // namespace providers
