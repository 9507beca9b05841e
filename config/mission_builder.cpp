// SPDX-License-Identifier: MIT
#include "config/mission_builder.h"

#include <fmt/format.h>

#include <algorithm>

namespace landfall::config {

namespace {

constexpr std::size_t rs_codeword_octets = 255;

std::size_t full_frame_octets(const fec::coding& coding) noexcept {
    return (rs_codeword_octets - fec::rs_parity_octets(coding.reed_solomon)) * coding.rs_interleave;
}

bool has_rs(const fec::coding& coding) noexcept {
    return coding.reed_solomon != fec::rs_code::none;
}

bool punctured(fec::code_rate rate) noexcept {
    return rate != fec::code_rate::none && rate != fec::code_rate::r1_2;
}

} // namespace

mission_builder::mission_builder(diagnostics& errors)
    : errors_(errors), origins_(mission_keys().size()) {}

const mission_builder::layered_origin& mission_builder::of(std::string_view key) const {
    return origins_[find_mission_key(key).value()];
}

/// Its value is no longer the one that was written.
void mission_builder::follows(std::string_view key) {
    origins_[find_mission_key(key).value()].source = nullptr;
}

bool mission_builder::sound(std::initializer_list<std::string_view> keys) const {
    return std::none_of(keys.begin(), keys.end(),
                        [this](std::string_view key) { return of(key).wrong; });
}

void mission_builder::next_layer() {
    ++layer_;
    full_length_ = of("frame_octets").source == nullptr ||
                   (has_rs(mission_.coding) &&
                    mission_.coding.frame_octets == full_frame_octets(mission_.coding));
}

bool mission_builder::apply(const source_text& source, const entry& one) {
    const auto index = find_mission_key(one.key);
    if (!index)
        return false;
    const auto wrong = set_key(mission_keys()[*index], one.item, mission_);
    origins_[*index] = {{&source, one.item.at}, layer_, wrong.has_value()};
    if (wrong)
        errors_.add(source, one.item.at, fmt::format("{}: {}", one.key, *wrong));
    return true;
}

void mission_builder::unknown(const source_text& source, const entry& one,
                              std::span<const std::string_view> others) {
    if (errors_.full()) {
        errors_.add(source, one.at, {});
        return;
    }
    const auto names = mission_key_names();
    std::vector<std::string_view> known(names.begin(), names.end());
    known.insert(known.end(), others.begin(), others.end());
    errors_.add(
        source, one.at,
        fmt::format("unknown key '{}'{}", printable(one.key, 60), did_you_mean(one.key, known)));
}

void mission_builder::apply_file(const source_text& source, const value& root) {
    for (const entry& one : root.entries)
        if (!apply(source, one))
            unknown(source, one);
}

void mission_builder::apply_sets(std::span<const std::string> sets) {
    next_layer();
    for (const std::string& set : sets) {
        const auto& source =
            *arguments_.emplace_back(std::make_unique<source_text>(source_text{"--set", set}));
        const auto one = parse_assignment(source, errors_);
        if (one && !apply(source, *one))
            unknown(source, *one);
    }
}

/// Of several keys that do not fit together, the error is at the one that was given last.
void mission_builder::blame(std::initializer_list<std::string_view> keys, const source_text& whole,
                            std::string message) {
    const layered_origin* last = nullptr;
    for (const std::string_view key : keys) {
        const layered_origin& one = of(key);
        if (one.source != nullptr && (last == nullptr || one.layer > last->layer))
            last = &one;
    }
    if (last != nullptr)
        errors_.add(*last->source, last->at, std::move(message));
    else
        errors_.add(whole.name, std::move(message));
}

void mission_builder::check_line_code(const source_text& whole) {
    if (mission_.coding.line_code != fec::nrz::m_per_rail || !sound({"nrz"}))
        return;
    if (dsp::bits_per_symbol(mission_.wave.kind) != 2 && sound({"modulation"}))
        blame({"nrz", "modulation"}, whole,
              "nrz = \"m-per-rail\" needs modulation = \"qpsk\" or \"oqpsk\"");
    if (mission_.coding.convolutional != fec::code_rate::none && sound({"convolutional"}))
        blame({"nrz", "convolutional"}, whole,
              "nrz = \"m-per-rail\" needs convolutional = \"none\"");
}

void mission_builder::check_equalizer(const source_text& whole) {
    const dsp::modulation kind = mission_.wave.kind;
    const bool fits = kind == dsp::modulation::bpsk || kind == dsp::modulation::qpsk ||
                      kind == dsp::modulation::psk8;
    if (mission_.wave.equalize && !fits && sound({"equalizer", "modulation"}))
        blame({"equalizer", "modulation"}, whole,
              "equalizer = true needs modulation = \"bpsk\", \"qpsk\" or \"8psk\"");
}

void mission_builder::check_engine(const source_text& whole) {
    const dsp::modulation kind = mission_.wave.kind;
    const bool fits = kind == dsp::modulation::bpsk || kind == dsp::modulation::qpsk;
    if (mission_.receiving.engine == dsp::engine::liquid && !fits &&
        sound({"engine", "modulation"}))
        blame({"engine", "modulation"}, whole,
              "engine = \"liquid\" needs modulation = \"bpsk\" or \"qpsk\"");
}

/// Punctured codes do not invert C2 unless the mission says so, no earlier than it names the rate.
void mission_builder::settle_inversion() {
    const layered_origin& inverted = of("convolutional_inverted");
    const bool given = inverted.source != nullptr && inverted.layer >= of("convolutional").layer;
    if (punctured(mission_.coding.convolutional) && !given) {
        mission_.coding.c2_inverted = false;
        follows("convolutional_inverted");
    }
}

void mission_builder::check_length(const source_text& whole) {
    fec::coding& coding = mission_.coding;
    if (!sound({"rs", "rs_interleave", "frame_octets"}))
        return;
    const layered_origin& length = of("frame_octets");
    if (!has_rs(coding)) {
        if (length.source == nullptr)
            blame({"rs"}, whole, "frame_octets is required where rs = \"none\"");
        return;
    }
    const std::size_t full = full_frame_octets(coding);
    const unsigned changed = std::max(of("rs").layer, of("rs_interleave").layer);
    if (length.source == nullptr || (full_length_ && length.layer < changed)) {
        coding.frame_octets = full;
        follows("frame_octets");
        return;
    }
    if (coding.frame_octets > full)
        blame({"frame_octets", "rs_interleave", "rs"}, whole,
              fmt::format(
                  "frame_octets: {} is more than the {} that Reed-Solomon carries ({} x {})",
                  coding.frame_octets, full, full / coding.rs_interleave, coding.rs_interleave));
    else if (coding.frame_octets % coding.rs_interleave != 0)
        blame({"frame_octets", "rs_interleave"}, whole,
              fmt::format("frame_octets: {} is not a multiple of rs_interleave, {}",
                          coding.frame_octets, coding.rs_interleave));
}

key_origins mission_builder::given() const {
    key_origins list;
    for (std::size_t i = 0; i < origins_.size(); ++i)
        if (origins_[i].source != nullptr)
            list[std::string(mission_keys()[i].name)] = {origins_[i], {}, origins_[i].wrong};
    return list;
}

mission mission_builder::finish(std::string name, const source_text& whole) {
    check_line_code(whole);
    check_equalizer(whole);
    check_engine(whole);
    settle_inversion();
    check_length(whole);
    mission_.name = std::move(name);
    return mission_;
}

} // namespace landfall::config
