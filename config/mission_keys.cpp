// SPDX-License-Identifier: MIT
#include "config/mission_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace landfall::config {

namespace {

template <class Enum>
constexpr word as_word(std::string_view text, Enum value) noexcept {
    return {text, static_cast<int>(value)};
}

constexpr std::array modulations{
    as_word("qpsk", dsp::modulation::qpsk),   as_word("bpsk", dsp::modulation::bpsk),
    as_word("oqpsk", dsp::modulation::oqpsk), as_word("8psk", dsp::modulation::psk8),
    as_word("fsk", dsp::modulation::fsk),     as_word("gmsk", dsp::modulation::gmsk)};
constexpr std::array<std::string_view, 1> later_modulations{"dvb-s2"};
constexpr std::array engines{as_word("auto", dsp::engine::automatic),
                             as_word("block", dsp::engine::block),
                             as_word("liquid", dsp::engine::liquid)};
constexpr std::array spectra{as_word("normal", false), as_word("inverted", true)};
constexpr std::array rates{
    as_word("1/2", fec::code_rate::r1_2), as_word("2/3", fec::code_rate::r2_3),
    as_word("3/4", fec::code_rate::r3_4), as_word("5/6", fec::code_rate::r5_6),
    as_word("7/8", fec::code_rate::r7_8), as_word("none", fec::code_rate::none)};
constexpr std::array orders{as_word("c1c2", false), as_word("c2c1", true)};
constexpr std::array line_codes{as_word("l", fec::nrz::l), as_word("m", fec::nrz::m),
                                as_word("m-per-rail", fec::nrz::m_per_rail)};
constexpr std::array randomizers{as_word("255", fec::randomizer::pn255),
                                 as_word("131071", fec::randomizer::pn131071),
                                 as_word("none", fec::randomizer::none)};
constexpr std::array derandomizing{as_word("before-rs", fec::derandomize::before_rs),
                                   as_word("after-rs", fec::derandomize::after_rs)};
constexpr std::array rs_codes{as_word("223", fec::rs_code::rs223),
                              as_word("239", fec::rs_code::rs239),
                              as_word("none", fec::rs_code::none)};
constexpr std::array bases{as_word("dual", fec::rs_basis::dual),
                           as_word("conventional", fec::rs_basis::conventional)};
constexpr std::array formats{
    as_word("auto", framing::frame_format::automatic), as_word("tm", framing::frame_format::tm),
    as_word("aos", framing::frame_format::aos), as_word("uslp", framing::frame_format::uslp),
    as_word("none", framing::frame_format::none)};
constexpr std::array controls{as_word("auto", framing::error_control::automatic),
                              as_word("true", framing::error_control::present),
                              as_word("false", framing::error_control::absent)};

/// A word key over one field of one part of the mission.
template <auto Part, auto Field>
word_kind words(std::span<const word> known, std::span<const std::string_view> later = {},
                bool booleans = false) {
    return {[](const mission& m) { return static_cast<int>((m.*Part).*Field); },
            [](mission& m, int value) {
                auto& field = (m.*Part).*Field;
                field = static_cast<std::remove_reference_t<decltype(field)>>(value);
            },
            known, later, booleans};
}

template <auto Part, auto Field>
integer_kind integer(std::int64_t least, std::int64_t most) {
    return {[](const mission& m) { return static_cast<std::int64_t>((m.*Part).*Field); },
            [](mission& m, std::int64_t value) {
                auto& field = (m.*Part).*Field;
                field = static_cast<std::remove_reference_t<decltype(field)>>(value);
            },
            least, most};
}

template <auto Part, auto Field>
auto& field_of(mission& m) {
    return (m.*Part).*Field;
}

constexpr auto wave = &mission::wave;
constexpr auto receiving = &mission::receiving;
constexpr auto coding = &mission::coding;
constexpr auto frames = &mission::framing;

const std::array<mission_key, 30>& table() {
    using dsp::waveform;
    using code = fec::coding;
    using framing::frame_parameters;
    static const std::array<mission_key, 30> keys{{
        {"title", "what it is, in one line",
         text_kind{[](mission& m) -> std::string& { return m.title; }, false, 200}},
        {"source", "whence the numbers come",
         text_kind{[](mission& m) -> std::string& { return m.source; }, true, 4000}},
        {"frequency_hz", "nominal carrier frequency",
         number_kind{[](mission& m) -> double& { return m.frequency_hz; }, 1, 1e12,
                     [](mission& m) -> bool& { return m.has_frequency; }, quantity::frequency}},
        {"modulation", "modulation", words<wave, &waveform::kind>(modulations, later_modulations)},
        {"symbol_rate_hz", "channel symbols a second",
         number_kind{field_of<wave, &waveform::symbol_rate_hz>, 1e3, 250e6, nullptr,
                     quantity::symbol_rate}},
        {"roll_off", "of the root-raised-cosine pulse",
         number_kind{field_of<wave, &waveform::roll_off>, 0.2, 0.6}},
        {"modulation_index", "of FSK and GMSK",
         number_kind{field_of<wave, &waveform::modulation_index>, 0.5, 1.0}},
        {"gaussian_bt", "of GMSK's frequency pulse",
         number_kind{field_of<wave, &waveform::gaussian_bt>, 0.3, 1.0}},
        {"equalizer", "whether an adaptive equaliser is in the way",
         flag_kind{field_of<wave, &waveform::equalize>}},
        {"spectrum", "whether the received spectrum is mirrored",
         words<wave, &waveform::spectrum_inverted>(spectra)},
        {"iq_swap", "whether I and Q are exchanged in the samples",
         flag_kind{field_of<wave, &waveform::iq_swapped>}},
        {"engine", "which receiver", words<receiving, &reception::engine>(engines)},
        {"expected_frequency_offset_hz", "of the carrier, from the centre of the samples",
         number_kind{field_of<receiving, &reception::expected_offset_hz>, -1e9, 1e9,
                     field_of<receiving, &reception::has_expected_offset>, quantity::frequency}},
        {"frequency_uncertainty_hz", "plus and minus around where the carrier is expected",
         number_kind{field_of<receiving, &reception::uncertainty_hz>, 1, 1e9,
                     field_of<receiving, &reception::has_uncertainty>, quantity::frequency}},
        {"convolutional", "rate of the inner code", words<coding, &code::convolutional>(rates)},
        {"convolutional_order", "which of the two generators' bits is sent first",
         words<coding, &code::c2_first>(orders)},
        {"convolutional_inverted", "whether C2 is inverted",
         flag_kind{field_of<coding, &code::c2_inverted>}},
        {"nrz", "line code", words<coding, &code::line_code>(line_codes)},
        {"sync_marker", "attached sync marker", marker_kind{}},
        {"randomizer", "pseudo-random sequence, by its period",
         words<coding, &code::pseudo_random>(randomizers)},
        {"derandomize", "before or after Reed-Solomon decoding",
         words<coding, &code::derandomize_when>(derandomizing)},
        {"rs", "Reed-Solomon code, by its data octets",
         words<coding, &code::reed_solomon>(rs_codes)},
        {"rs_basis", "representation of Reed-Solomon symbols", words<coding, &code::basis>(bases)},
        {"rs_interleave", "interleaving depth", integer<coding, &code::rs_interleave>(1, 8)},
        {"frame_octets", "length of the transfer frame",
         integer<coding, &code::frame_octets>(1, 65536)},
        {"framing", "format of the transfer frames",
         words<frames, &frame_parameters::format>(formats)},
        {"fecf", "frame error control field",
         words<frames, &frame_parameters::fecf>(controls, {}, true)},
        {"aos_header_error_control", "error control field of AOS headers",
         words<frames, &frame_parameters::aos_header_error_control>(controls, {}, true)},
        {"insert_zone_octets", "length of the insert zone of AOS and USLP frames",
         integer<frames, &frame_parameters::insert_zone_octets>(0, 1024)},
        {"aos_ocf", "whether AOS frames end with an operational control field",
         flag_kind{field_of<frames, &frame_parameters::aos_ocf>}},
    }};
    return keys;
}

using failed = std::optional<std::string>;

std::string wrong_type(std::string_view expected, const value& item) {
    return fmt::format("expected {}, not {}", expected, name(item.kind));
}

/// The text of a value that must be text. On the command line quotes may be left out.
const std::string* text_of(const value& item) noexcept {
    if (item.kind == value_kind::text)
        return &item.text;
    return item.typed.empty() ? nullptr : &item.typed;
}

failed set(const text_kind& kind, const mission_key&, const value& item, mission& target) {
    const std::string* text = text_of(item);
    if (text == nullptr)
        return wrong_type("text", item);
    if (text->size() > kind.octets_max)
        return fmt::format("longer than {} octets", kind.octets_max);
    if (!is_printable(*text, kind.line_breaks))
        return kind.line_breaks ? "has characters that are neither printable nor line breaks"
                                : "has characters that are not printable";
    kind.at(target) = *text;
    return {};
}

failed set(const number_kind& kind, const mission_key& key, const value& item, mission& target) {
    double number = item.number;
    if (kind.unit != quantity::none && item.kind == value_kind::text) {
        const auto parsed = parse_quantity(item.text, kind.unit);
        if (!parsed)
            return parsed.error();
        number = *parsed;
    } else if (item.kind != value_kind::number && item.kind != value_kind::integer) {
        return wrong_type("a number from " + values_of(key), item);
    }
    if (!(number >= kind.least && number <= kind.most))
        return fmt::format("{} is not within {}", number, values_of(key));
    kind.at(target) = number;
    if (kind.given != nullptr)
        kind.given(target) = true;
    return {};
}

failed set(const integer_kind& kind, const mission_key& key, const value& item, mission& target) {
    if (item.kind != value_kind::integer)
        return wrong_type("an integer from " + values_of(key), item);
    if (item.integer < kind.least || item.integer > kind.most)
        return fmt::format("{} is not within {}", item.integer, values_of(key));
    kind.set(target, item.integer);
    return {};
}

failed set(const flag_kind& kind, const mission_key&, const value& item, mission& target) {
    if (item.kind != value_kind::boolean)
        return wrong_type("true or false", item);
    kind.at(target) = item.boolean;
    return {};
}

failed set(const word_kind& kind, const mission_key& key, const value& item, mission& target) {
    std::string text;
    if (kind.booleans && item.kind == value_kind::boolean)
        text = item.boolean ? "true" : "false";
    else if (const std::string* given = text_of(item))
        text = *given;
    else
        return wrong_type("one of " + values_of(key), item);
    const auto found = std::find_if(kind.words.begin(), kind.words.end(),
                                    [&](const word& known) { return known.text == text; });
    if (found != kind.words.end()) {
        kind.set(target, found->value);
        return {};
    }
    if (std::find(kind.later.begin(), kind.later.end(), text) != kind.later.end())
        return fmt::format("\"{}\" is known but not supported yet: one of {}", text,
                           values_of(key));
    std::vector<std::string_view> known;
    for (const word& one : kind.words)
        known.push_back(one.text);
    return fmt::format("\"{}\" is not one of {}{}", printable(text, 40), values_of(key),
                       did_you_mean(text, known));
}

failed set(const marker_kind&, const mission_key& key, const value& item, mission& target) {
    const std::string* text = text_of(item);
    if (text == nullptr)
        return wrong_type(values_of(key), item);
    std::uint64_t marker = 0;
    const char* const end = text->data() + text->size();
    const bool length_fits = text->size() >= 2 && text->size() <= 16;
    if (!length_fits || std::from_chars(text->data(), end, marker, 16).ptr != end)
        return fmt::format("\"{}\" is not {}", printable(*text, 40), values_of(key));
    target.coding.marker = {marker, static_cast<unsigned>(4 * text->size())};
    return {};
}

} // namespace

std::string in_quotes(std::string_view text) {
    const bool lines = text.find('\n') != std::string_view::npos;
    std::string out = lines ? "\"\"\"\n" : "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    return out + (lines ? "\"\"\"" : "\"");
}

std::span<const mission_key> mission_keys() noexcept {
    return table();
}

std::span<const std::string_view> mission_key_names() noexcept {
    static const auto names = [] {
        std::array<std::string_view, std::tuple_size_v<std::decay_t<decltype(table())>>> all;
        std::transform(table().begin(), table().end(), all.begin(),
                       [](const mission_key& key) { return key.name; });
        return all;
    }();
    return names;
}

std::optional<std::size_t> find_mission_key(std::string_view name) noexcept {
    const auto names = mission_key_names();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
        return {};
    return static_cast<std::size_t>(found - names.begin());
}

std::string values_of(const mission_key& key) {
    if (const auto* text = std::get_if<text_kind>(&key.kind))
        return text->line_breaks ? "text" : "text of one line";
    if (const auto* number = std::get_if<number_kind>(&key.kind))
        return fmt::format("{} to {}", number->least, number->most);
    if (const auto* integer = std::get_if<integer_kind>(&key.kind))
        return fmt::format("{} to {}", integer->least, integer->most);
    if (std::holds_alternative<flag_kind>(key.kind))
        return "true, false";
    if (std::holds_alternative<marker_kind>(key.kind))
        return "2 to 16 hexadecimal digits in quotes";
    std::string list;
    const auto& kind = std::get<word_kind>(key.kind);
    for (const word& one : kind.words) {
        const bool bare = kind.booleans && (one.text == "true" || one.text == "false");
        list += list.empty() ? "" : ", ";
        list += bare ? std::string(one.text) : in_quotes(one.text);
    }
    return list;
}

std::optional<std::string> set_key(const mission_key& key, const value& item, mission& target) {
    return std::visit([&](const auto& kind) { return set(kind, key, item, target); }, key.kind);
}

key_value get_key(const mission_key& key, const mission& source) {
    mission copy = source;
    if (const auto* text = std::get_if<text_kind>(&key.kind))
        return text->at(copy);
    if (const auto* number = std::get_if<number_kind>(&key.kind)) {
        if (number->given != nullptr && !number->given(copy))
            return std::monostate{};
        return number->at(copy);
    }
    if (const auto* integer = std::get_if<integer_kind>(&key.kind))
        return integer->get(source);
    if (const auto* flag = std::get_if<flag_kind>(&key.kind))
        return flag->at(copy);
    if (std::holds_alternative<marker_kind>(key.kind))
        return fmt::format("{:0{}x}", source.coding.marker.value, source.coding.marker.bits / 4);
    const auto& kind = std::get<word_kind>(key.kind);
    for (const word& one : kind.words) {
        if (one.value != kind.get(source))
            continue;
        if (kind.booleans && (one.text == "true" || one.text == "false"))
            return one.text == "true";
        return std::string(one.text);
    }
    return std::monostate{};
}

std::string toml_text(const key_value& item) {
    if (const auto* text = std::get_if<std::string>(&item))
        return in_quotes(*text);
    if (const auto* number = std::get_if<double>(&item))
        return fmt::format("{}", *number);
    if (const auto* integer = std::get_if<std::int64_t>(&item))
        return fmt::format("{}", *integer);
    if (const auto* flag = std::get_if<bool>(&item))
        return *flag ? "true" : "false";
    return {};
}

} // namespace landfall::config
