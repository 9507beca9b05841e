// SPDX-License-Identifier: MIT
#include "dsp/liquid_receiver.h"

#include "dsp/acquisition.h"

#include <liquid/liquid.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace landfall::dsp {
namespace {

using base::cf32;
constexpr double two_pi = 2.0 * std::numbers::pi;
constexpr std::size_t window_symbols = 4096;
constexpr unsigned filter_span_symbols = 7;
constexpr unsigned filter_bank = 32;
constexpr float timing_bandwidth = 0.002F;
constexpr float carrier_bandwidth = 5e-5F; // the frequency gain; the phase gain is its square root
constexpr float gain_bandwidth = 0.002F;
constexpr float resampler_stop_band_db = 60.0F;

template <auto Destroy>
struct destroyer {
    template <class Object>
    void operator()(Object* object) const noexcept {
        Destroy(object);
    }
};

template <class Handle, auto Destroy>
using owned = std::unique_ptr<std::remove_pointer_t<Handle>, destroyer<Destroy>>;

acquisition_config coarse_config(const receiver_config& config, const front_end& front) {
    const double rate = config.sample_rate_hz / front.decimation();
    acquisition_config result;
    result.wave = config.wave;
    result.samples_per_symbol = rate / config.wave.symbol_rate_hz;
    const double hint = front.mirrored() ? -config.frequency_hint_hz : config.frequency_hint_hz;
    const double widest =
        std::max(0.25, 0.5 * (result.samples_per_symbol - 1.0 - config.wave.roll_off)) /
        result.samples_per_symbol;
    const double range = config.search_range_hz > 0.0 ? config.search_range_hz / rate : widest;
    result.frequency_hint = (hint - front.mixed_hz()) / rate;
    result.search_range = std::min(range, widest);
    result.max_frequency_rate = 2e-7;
    return result;
}

} // namespace

struct liquid_receiver::engine_state {
    explicit engine_state(const receiver_config& wanted)
        : config(wanted), front(wanted), search(coarse_config(wanted, front)),
          samples_per_symbol(wanted.sample_rate_hz / front.decimation() /
                             wanted.wave.symbol_rate_hz),
          gain(agc_crcf_create()),
          resampler(msresamp_crcf_create(static_cast<float>(2.0 / samples_per_symbol),
                                         resampler_stop_band_db)),
          timing(symsync_crcf_create_rnyquist(LIQUID_FIRFILT_RRC, 2, filter_span_symbols,
                                              static_cast<float>(wanted.wave.roll_off),
                                              filter_bank)),
          mixer(nco_crcf_create(LIQUID_VCO)), carrier(nco_crcf_create(LIQUID_VCO)),
          demodulator(modemcf_create(wanted.wave.kind == modulation::bpsk ? LIQUID_MODEM_BPSK
                                                                          : LIQUID_MODEM_QPSK)) {
        agc_crcf_set_bandwidth(gain.get(), gain_bandwidth);
        symsync_crcf_set_lf_bw(timing.get(), timing_bandwidth);
        nco_crcf_pll_set_bandwidth(carrier.get(), carrier_bandwidth);
    }

    void take(std::span<const cf32> samples, soft_sink sink);
    void demodulate(std::span<const cf32> samples, soft_sink sink);
    void slice(std::span<const cf32> symbols);

    receiver_config config;
    front_end front;
    acquisition search;
    double samples_per_symbol;
    owned<agc_crcf, agc_crcf_destroy> gain;
    owned<msresamp_crcf, msresamp_crcf_destroy> resampler;
    owned<symsync_crcf, symsync_crcf_destroy> timing;
    owned<nco_crcf, nco_crcf_destroy> mixer;
    owned<nco_crcf, nco_crcf_destroy> carrier;
    owned<modemcf, modemcf_destroy> demodulator;
    std::vector<cf32> buffer;
    std::vector<cf32> mixed;
    std::vector<cf32> even;
    std::vector<cf32> symbols;
    std::vector<cf32> points;
    std::vector<std::int8_t> soft;
    std::int64_t consumed = 0; ///< samples behind the front end that were demodulated
    bool found = false;
    bool restart = true;
    double coarse_hz = 0.0;
    double rail_sum = 0.0, power_sum = 0.0, fourth_sum = 0.0, error_sum = 0.0;
    receiver_report report;
};

void liquid_receiver::engine_state::take(std::span<const cf32> samples, soft_sink sink) {
    if (found) {
        demodulate(samples, sink);
        return;
    }
    const auto window = static_cast<std::size_t>(window_symbols * samples_per_symbol);
    while (!samples.empty()) {
        const std::size_t room = window - std::min(buffer.size(), window);
        const auto part = samples.first(std::min(room, samples.size()));
        buffer.insert(buffer.end(), part.begin(), part.end());
        samples = samples.subspan(part.size());
        if (buffer.size() < window) {
            return;
        }
        if (const auto carrier_found = search.search(buffer)) {
            found = true;
            ++report.acquisitions;
            const double frequency = carrier_found->state.frequency;
            const double rate = config.sample_rate_hz / front.decimation();
            coarse_hz = frequency / two_pi * rate;
            nco_crcf_set_frequency(mixer.get(), static_cast<float>(frequency));
            agc_crcf_set_scale(gain.get(), 1.0F);
            demodulate(buffer, sink);
            buffer.clear();
            demodulate(samples, sink);
            return;
        }
        const std::size_t half = window / 2;
        buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(half));
        consumed += static_cast<std::int64_t>(half);
    }
}

void liquid_receiver::engine_state::demodulate(std::span<const cf32> samples, soft_sink sink) {
    constexpr std::size_t piece = 4096;
    for (std::size_t at = 0; at < samples.size(); at += piece) {
        const auto part = samples.subspan(at, std::min(piece, samples.size() - at));
        const auto size = static_cast<unsigned>(part.size());
        mixed.assign(part.begin(), part.end());
        nco_crcf_mix_block_down(mixer.get(), mixed.data(), mixed.data(), size);
        even.resize(2 * part.size() + 64);
        unsigned count = size;
        if (samples_per_symbol == 2.0) {
            even.swap(mixed);
        } else {
            msresamp_crcf_execute(resampler.get(), mixed.data(), size, even.data(), &count);
        }
        agc_crcf_execute_block(gain.get(), even.data(), count, even.data());
        symbols.resize(count + 16);
        unsigned made = 0;
        symsync_crcf_execute(timing.get(), even.data(), count, symbols.data(), &made);
        slice(std::span(symbols).first(made));
        const double delay = filter_span_symbols * samples_per_symbol;
        const double place = (static_cast<double>(consumed) - delay) * front.decimation();
        const double whole = std::floor(place);
        consumed += static_cast<std::int64_t>(part.size());
        if (!soft.empty()) {
            sink({.soft = soft,
                  .first = {static_cast<std::int64_t>(whole), place - whole},
                  .samples_per_symbol = samples_per_symbol * front.decimation(),
                  .restart = restart});
            restart = false;
        }
    }
}

void liquid_receiver::engine_state::slice(std::span<const cf32> received) {
    const bool bpsk = config.wave.kind == modulation::bpsk;
    soft.clear();
    points.clear();
    for (const cf32 symbol : received) {
        cf32 z;
        nco_crcf_mix_down(carrier.get(), symbol, &z);
        unsigned bits = 0;
        modemcf_demodulate(demodulator.get(), z, &bits);
        nco_crcf_pll_step(carrier.get(), modemcf_get_demodulator_phase_error(demodulator.get()));
        nco_crcf_step(carrier.get());
        const auto add = [&](float value) {
            const auto square = static_cast<double>(value) * static_cast<double>(value);
            rail_sum += 1.0;
            power_sum += square;
            fourth_sum += square * square;
            const float scale =
                bpsk ? soft_amplitude : soft_amplitude * std::numbers::sqrt2_v<float>;
            soft.push_back(
                static_cast<std::int8_t>(std::lrint(std::clamp(value * scale, -127.0F, 127.0F))));
        };
        add(z.real());
        if (!bpsk) {
            add(z.imag());
        }
        if (points.size() < 256) {
            points.push_back(bpsk ? z : z * std::numbers::sqrt2_v<float>);
        }
        ++report.locked_symbols;
    }
}

liquid_receiver::liquid_receiver(const receiver_config& config)
    : state_(std::make_unique<engine_state>(config)) {}
liquid_receiver::~liquid_receiver() = default;

void liquid_receiver::push(std::span<const cf32> samples, soft_sink sink) {
    state_->take(state_->front.process(samples), sink);
}

void liquid_receiver::flush(soft_sink sink) {
    state_->take(state_->front.drain(), sink);
    if (state_->found) { // the tail of the filters
        const auto tail =
            static_cast<std::size_t>(4.0 * filter_span_symbols * state_->samples_per_symbol);
        state_->demodulate(std::vector<cf32>(tail), sink);
    }
    if (state_->front.is_decimating()) {
        state_->front.retune(state_->front.mixed_hz());
    }
    state_->consumed = 0;
    state_->buffer.clear();
    state_->found = false;
    state_->restart = true;
}

receiver_report liquid_receiver::report() const {
    receiver_report now = state_->report;
    now.locked = state_->found;
    const double fine_hz = static_cast<double>(nco_crcf_get_frequency(state_->carrier.get())) /
                           two_pi * state_->config.wave.symbol_rate_hz;
    const double sign = state_->front.mirrored() ? -1.0 : 1.0;
    now.frequency_offset_hz = sign * (state_->coarse_hz + fine_hz + state_->front.mixed_hz());
    if (state_->rail_sum > 0.0) {
        // Of ± a in Gaussian noise: a^4 = (3 M2^2 - M4) / 2.
        const double m2 = state_->power_sum / state_->rail_sum;
        const double a4 = 0.5 * (3.0 * m2 * m2 - state_->fourth_sum / state_->rail_sum);
        const double signal = std::sqrt(std::max(a4, 0.0));
        const double per_rail = signal / std::max(m2 - signal, 1e-9);
        const double ratio =
            state_->config.wave.kind == modulation::bpsk ? 0.5 * per_rail : per_rail;
        now.es_n0_db = now.mean_es_n0_db = 10.0 * std::log10(std::max(ratio, 1e-3));
    }
    return now;
}

std::span<const cf32> liquid_receiver::constellation() const {
    return state_->points;
}

} // namespace landfall::dsp
