// SPDX-License-Identifier: MIT
#include "tests/unit/dsp/simulated_link.h"

#include "base/random.h"
#include "dsp/modulator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace landfall::test {

using base::cf32;
using dsp::modulation;

simulated_link simulate(const link_config& config, std::vector<std::uint8_t> bits) {
    simulated_link link;
    base::random_source random(config.seed * 7919 + 17);
    const unsigned per_symbol = dsp::bits_per_symbol(config.wave.kind);
    if (bits.empty()) {
        bits.resize(config.symbols * per_symbol);
        for (std::uint8_t& bit : bits) {
            bit = random.bit() ? 1 : 0;
        }
    }
    link.bits = std::move(bits);
    link.samples_per_symbol = config.samples_per_symbol / (1.0 + 1e-6 * config.clock_error_ppm);
    const auto lead = static_cast<std::size_t>(config.lead_symbols * config.samples_per_symbol);
    link.samples.resize(lead);
    link.first_position =
        static_cast<double>(lead) + dsp::pulse_span_symbols * link.samples_per_symbol;
    dsp::modulator modulator(config.wave, link.samples_per_symbol);
    modulator.push(link.bits, link.samples);
    modulator.flush(link.samples);
    link.samples.resize(link.samples.size() +
                        static_cast<std::size_t>(config.trail_symbols * config.samples_per_symbol));
    dsp::channel_config channel = config.channel;
    channel.sample_rate_hz = config.samples_per_symbol * config.wave.symbol_rate_hz;
    channel.samples_per_symbol = link.samples_per_symbol;
    channel.frequency_offset_hz += config.offset_of_symbol_rate * config.wave.symbol_rate_hz;
    channel.seed = config.seed;
    dsp::channel(channel).apply(link.samples);
    for (cf32& sample : link.samples) {
        if (config.wave.spectrum_inverted) {
            sample = std::conj(sample);
        }
        if (config.wave.iq_swapped) {
            sample = {sample.imag(), sample.real()};
        }
    }
    link.receiver.wave = config.wave;
    link.receiver.sample_rate_hz = channel.sample_rate_hz;
    return link;
}

received receive(const simulated_link& link, dsp::engine engine, std::size_t block) {
    received result;
    const auto receiver = dsp::make_receiver(link.receiver, engine);
    const std::size_t per_symbol = dsp::bits_per_symbol(link.receiver.wave.kind);
    auto take = [&](const dsp::soft_block& soft) {
        if (soft.restart || result.parts.empty()) {
            result.parts.emplace_back();
        }
        reception& now = result.parts.back();
        now.soft.insert(now.soft.end(), soft.soft.begin(), soft.soft.end());
        const double first = static_cast<double>(soft.first.whole) + soft.first.fraction;
        for (std::size_t k = 0; k < soft.soft.size() / per_symbol; ++k) {
            now.position.push_back(first + static_cast<double>(k) * soft.samples_per_symbol);
        }
    };
    const std::size_t step = block == 0 ? std::max<std::size_t>(link.samples.size(), 1) : block;
    for (std::size_t at = 0; at < link.samples.size(); at += step) {
        const std::size_t count = std::min(step, link.samples.size() - at);
        receiver->push(std::span(link.samples).subspan(at, count), take);
    }
    receiver->flush(take);
    result.report = receiver->report();
    return result;
}

namespace {

/// One way in which received rails may stand for sent ones.
struct rotation {
    bool swap = false; ///< the received I is the sent Q
    bool invert_first = false;
    bool invert_second = false;
};

/// Index of the sent bit that stands on received rail `rail` (0: I) at half symbol `half`.
std::ptrdiff_t sent_bit(modulation kind, const rotation& way, std::ptrdiff_t half, unsigned rail) {
    if (dsp::bits_per_symbol(kind) == 1) {
        return half / 2;
    }
    if (kind == modulation::oqpsk) {
        return half + rail; // the rails follow each other by half a symbol
    }
    return half + (way.swap ? 1 - rail : rail);
}

} // namespace

namespace {

/// Place on the circle of an 8PSK symbol's three bits.
std::size_t place_of(bool first, bool second, bool third) {
    const std::size_t gray = (first ? 4U : 0U) + (second ? 2U : 0U) + (third ? 1U : 0U);
    return gray ^ gray >> 1U ^ gray >> 2U;
}

/// Of the symbol under turn `turn`.
bool turned_is_wrong(const simulated_link& link, const reception& got, std::size_t k,
                     std::size_t symbol, std::size_t turn) {
    const auto* sent = &link.bits[3 * symbol];
    const auto* soft = &got.soft[3 * k];
    const std::size_t was = place_of(sent[0] != 0, sent[1] != 0, sent[2] != 0);
    return (was + turn) % 8 != place_of(soft[0] < 0, soft[1] < 0, soft[2] < 0);
}

} // namespace

comparison compare(const simulated_link& link, const reception& got, std::ptrdiff_t from,
                   std::ptrdiff_t to) {
    const modulation kind = link.receiver.wave.kind;
    const unsigned rails = dsp::bits_per_symbol(kind);
    std::array<rotation, 8> ways{};
    for (unsigned i = 0; i < ways.size(); ++i) {
        ways[i] = {(i & 4U) != 0, (i & 1U) != 0, (i & 2U) != 0};
    }
    std::array<std::size_t, 8> errors{};
    comparison result;
    std::ptrdiff_t before = 0;
    const double grid = kind == modulation::oqpsk ? 2.0 : 1.0; // instants per symbol
    for (std::size_t k = 0; k < got.position.size(); ++k) {
        const double time = (got.position[k] - link.first_position) / link.samples_per_symbol;
        const auto half = static_cast<std::ptrdiff_t>(std::round(time * grid) * (2.0 / grid));
        const std::ptrdiff_t symbol = half >= 0 ? half / 2 : (half - 1) / 2;
        const double miss = time - static_cast<double>(half) / 2.0;
        const auto most = std::ssize(link.bits) / static_cast<std::ptrdiff_t>(rails);
        if (symbol < std::max<std::ptrdiff_t>(from, 0) || symbol >= std::min(to, most - 1)) {
            continue;
        }
        if (result.symbols == 0) {
            result.first_symbol = symbol;
            result.first_error_symbols = miss;
        } else {
            result.contiguous = result.contiguous && half == before + 2;
        }
        before = half;
        ++result.symbols;
        result.last_symbol = symbol;
        result.worst_error_symbols = std::max(result.worst_error_symbols, std::abs(miss));
        for (std::size_t w = 0; w < ways.size(); ++w) {
            if (kind == modulation::psk8) {
                errors[w] +=
                    turned_is_wrong(link, got, k, static_cast<std::size_t>(symbol), w) ? 1U : 0U;
                continue;
            }
            bool wrong = false;
            for (unsigned rail = 0; rail < rails; ++rail) {
                const auto bit = static_cast<std::size_t>(sent_bit(kind, ways[w], half, rail));
                const bool invert = rail == 0 ? ways[w].invert_first : ways[w].invert_second;
                const bool one = got.soft[rails * k + rail] < 0;
                wrong = wrong || one != ((link.bits[bit] != 0) != invert);
            }
            errors[w] += wrong ? 1 : 0;
        }
    }
    result.errors = *std::min_element(errors.begin(), errors.end());
    return result;
}

double q_function(double x) {
    return 0.5 * std::erfc(x / std::sqrt(2.0));
}

double symbol_error_rate(modulation kind, double es_n0_db) {
    const double ratio = std::pow(10.0, es_n0_db / 10.0);
    if (kind == modulation::bpsk) {
        return q_function(std::sqrt(2.0 * ratio));
    }
    if (kind == modulation::psk8) { // but for 1e-3 of it
        return 2.0 * q_function(std::sqrt(2.0 * ratio) * std::sin(std::numbers::pi / 8.0));
    }
    const double bit = q_function(std::sqrt(ratio));
    return 1.0 - (1.0 - bit) * (1.0 - bit);
}

double es_n0_for(modulation kind, double rate) {
    double low = -20.0;
    double high = 20.0;
    for (int i = 0; i < 60; ++i) {
        const double middle = 0.5 * (low + high);
        (symbol_error_rate(kind, middle) > rate ? low : high) = middle;
    }
    return low;
}

} // namespace landfall::test
