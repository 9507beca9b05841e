// SPDX-License-Identifier: MIT
// The library's implementation is compiled here, and here only, with a lower bound of depth than
// its packaged binary has.
#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16

#include "config/document.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <exception>
#include <fstream>

namespace landfall::config {

static_assert(TOML_MAX_NESTED_VALUES == nested_values_max);

namespace {

position position_of(const toml::source_region& region) noexcept {
    return {region.begin.line, region.begin.column};
}

value convert(const toml::node& node);

value convert_table(const toml::table& table) {
    value whole;
    whole.kind = value_kind::table;
    for (const auto& [key, node] : table)
        whole.entries.push_back({std::string(key.str()), position_of(key.source()), convert(node)});
    return whole;
}

value convert_list(const toml::array& array) {
    value list;
    list.kind = value_kind::list;
    for (const toml::node& node : array)
        list.items.push_back(convert(node));
    return list;
}

value convert(const toml::node& node) {
    value one;
    if (const auto* table = node.as_table())
        one = convert_table(*table);
    else if (const auto* array = node.as_array())
        one = convert_list(*array);
    else if (const auto* text = node.as_string())
        one.kind = value_kind::text, one.text = text->get();
    else if (const auto* integer = node.as_integer())
        one.kind = value_kind::integer, one.integer = integer->get();
    else if (const auto* number = node.as_floating_point())
        one.kind = value_kind::number, one.number = number->get();
    else if (const auto* boolean = node.as_boolean())
        one.kind = value_kind::boolean, one.boolean = boolean->get();
    else
        one.kind = value_kind::time;
    if (one.kind == value_kind::integer)
        one.number = static_cast<double>(one.integer);
    one.at = position_of(node.source());
    return one;
}

/// The library's tables of dotted keys have no bound of depth: this is one.
position too_many_dots(std::string_view text) noexcept {
    unsigned dots = 0;
    position at{1, 0};
    for (const char c : text) {
        ++at.column;
        if (c == '\n') {
            dots = 0;
            at = {at.line + 1, 0};
        } else if (c == '.' && ++dots > dots_in_line_max) {
            return at;
        }
    }
    return {};
}

} // namespace

const char* name(value_kind kind) noexcept {
    switch (kind) {
    case value_kind::text:
        return "text";
    case value_kind::integer:
        return "an integer";
    case value_kind::number:
        return "a number";
    case value_kind::boolean:
        return "true or false";
    case value_kind::time:
        return "a date or time";
    case value_kind::list:
        return "a list";
    case value_kind::table:
        return "a table";
    }
    return "";
}

std::optional<value> parse_document(const source_text& source, diagnostics& errors) {
    if (source.text.size() > file_octets_max) {
        errors.add(source.name, fmt::format("larger than {} octets", file_octets_max));
        return {};
    }
    if (const position at = too_many_dots(source.text); at.line > 0) {
        errors.add(source, at, fmt::format("more than {} dots in one line", dots_in_line_max));
        return {};
    }
    try {
        const toml::table root = toml::parse(std::string_view(source.text));
        return convert_table(root);
    } catch (const toml::parse_error& error) {
        errors.add(source, position_of(error.source()), printable(error.description(), 400));
    } catch (const std::exception& error) {
        errors.add(source.name, printable(error.what(), 400));
    }
    return {};
}

std::optional<source_text> read_file(const std::filesystem::path& path, diagnostics& errors) {
    std::error_code code;
    source_text source{path.string(), {}};
    const auto status = std::filesystem::status(path, code);
    if (!std::filesystem::exists(status)) {
        errors.add(source.name, code && code != std::errc::no_such_file_or_directory
                                    ? "cannot be read: " + code.message()
                                    : "no such file");
        return {};
    }
    if (!std::filesystem::is_regular_file(status)) {
        errors.add(source.name, "not a regular file");
        return {};
    }
    std::ifstream file(path, std::ios::binary);
    source.text.resize(file_octets_max + 1);
    file.read(source.text.data(), static_cast<std::streamsize>(source.text.size()));
    if (file.bad() || !file.is_open()) {
        errors.add(source.name, "cannot be read");
        return {};
    }
    source.text.resize(static_cast<std::size_t>(file.gcount()));
    return source;
}

std::optional<entry> parse_assignment(const source_text& source, diagnostics& errors) {
    const std::string_view text = source.text;
    const auto equals = text.find('=');
    const auto trimmed = [](std::string_view part) {
        while (part.starts_with(' '))
            part.remove_prefix(1);
        while (part.ends_with(' '))
            part.remove_suffix(1);
        return part;
    };
    const std::string_view key = trimmed(text.substr(0, equals));
    if (equals == std::string_view::npos || key.empty()) {
        errors.add(source, {0, 1}, "expected KEY=VALUE");
        return {};
    }
    const std::string_view typed = trimmed(text.substr(equals + 1));
    const position key_at{0, static_cast<unsigned>(key.data() - text.data()) + 1};
    const position value_at{0, static_cast<unsigned>(typed.data() - text.data()) + 1};

    diagnostics unused;
    const auto document = parse_document({source.name, fmt::format("value = {}\n", typed)}, unused);
    entry assignment{std::string(key), key_at, {}};
    if (document && document->entries.size() == 1) {
        assignment.item = document->entries[0].item;
        if (assignment.item.kind != value_kind::text)
            assignment.item.typed = typed;
    } else {
        assignment.item.kind = value_kind::text;
        assignment.item.text = typed;
    }
    assignment.item.at = value_at;
    return assignment;
}

} // namespace landfall::config
