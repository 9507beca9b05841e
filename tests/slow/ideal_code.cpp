// SPDX-License-Identifier: MIT
#include "tests/slow/ideal_code.h"

#include "base/random.h"
#include "dsp/fec/puncture.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>
#include <span>
#include <vector>

namespace landfall::test {
namespace {

constexpr std::size_t states = 64;
constexpr std::size_t marker_octets = 4;
constexpr std::size_t codeword_octets = 255;
constexpr unsigned correctable = 16;
constexpr std::size_t batch_frames = 20; // decoded as one stream

/// Of the branch from state i (last bit lowest) with information bit 0, for the lower half of the
/// states: the signs of C1 and C2. Both generators tap the newest and the oldest bit, so that the
/// upper half's, and those of information bit 1, are the opposite.
struct branch_signs {
    std::array<float, states / 2> c1{};
    std::array<float, states / 2> c2{};
};

branch_signs make_signs() {
    branch_signs signs;
    for (unsigned i = 0; i < states / 2; ++i) { // 171 and 133 octal, newest bit lowest
        signs.c1[i] = std::popcount(2 * i & 0b1001111U) % 2 == 0 ? 1.0F : -1.0F;
        signs.c2[i] = std::popcount(2 * i & 0b1101101U) % 2 == 0 ? 1.0F : -1.0F;
    }
    return signs;
}

/// One step: takes pairs of soft values, remembers from where each state was reached.
class ideal_viterbi {
  public:
    void step(float y1, float y2) {
        std::array<float, states> next;
        std::array<std::uint8_t, states> from;
        for (std::size_t i = 0; i < states / 2; ++i) {
            const float branch = signs_.c1[i] * y1 + signs_.c2[i] * y2;
            const float low = metric_[i];
            const float high = metric_[i + states / 2];
            next[2 * i] = std::max(low + branch, high - branch);
            next[2 * i + 1] = std::max(low - branch, high + branch);
            from[2 * i] = low + branch < high - branch ? 1 : 0;
            from[2 * i + 1] = low - branch < high + branch ? 1 : 0;
        }
        const float top = *std::max_element(next.begin(), next.end());
        for (std::size_t i = 0; i < states; ++i) {
            metric_[i] = next[i] - top;
        }
        from_.push_back(from);
    }

    /// Of all steps; the stream's last bits are less sure, as no tail follows.
    [[nodiscard]] std::vector<std::uint8_t> trace_back() const {
        std::vector<std::uint8_t> bits(from_.size());
        auto state = static_cast<std::size_t>(std::max_element(metric_.begin(), metric_.end()) -
                                              metric_.begin());
        for (std::size_t t = bits.size(); t-- > 0;) {
            bits[t] = state & 1U;
            state = state / 2 + (from_[t][state] != 0 ? states / 2 : 0);
        }
        return bits;
    }

  private:
    branch_signs signs_ = make_signs();
    std::array<float, states> metric_{};
    std::vector<std::array<std::uint8_t, states>> from_;
};

/// Soft values of sent zeros, positive where they arrive as such.
class zeros_channel {
  public:
    /// `deviation`: of noise beside antipodal bits of amplitude 1 and the same energy per bit.
    zeros_channel(double deviation, bool psk8, base::random_source& random)
        : random_(random), deviation_(psk8 ? deviation / std::sqrt(3.0) : deviation), psk8_(psk8) {}

    float next() {
        if (!psk8_) {
            return static_cast<float>(1.0 + deviation_ * random_.gaussian());
        }
        if (used_ == soft_.size()) {
            send_point();
        }
        return soft_[used_++];
    }

  private:
    static std::complex<double> point_of(std::size_t bits) {
        const std::size_t place = bits ^ bits >> 1U ^ bits >> 2U;
        return std::polar(1.0, std::numbers::pi * (0.125 + 0.25 * static_cast<double>(place)));
    }

    void send_point() {
        const std::size_t sent = random_.below(8);
        const std::complex<double> received =
            point_of(sent) +
            std::complex(deviation_ * random_.gaussian(), deviation_ * random_.gaussian());
        std::array<std::array<double, 2>, 3> likelihood{};
        for (std::size_t bits = 0; bits < 8; ++bits) {
            const double miss = std::norm(received - point_of(bits));
            for (std::size_t i = 0; i < 3; ++i) {
                likelihood[i][(bits ^ sent) >> (2 - i) & 1U] +=
                    std::exp(-miss / (2.0 * deviation_ * deviation_));
            }
        }
        for (std::size_t i = 0; i < 3; ++i) {
            soft_[i] = static_cast<float>(std::log(std::max(likelihood[i][0], 1e-300)) -
                                          std::log(std::max(likelihood[i][1], 1e-300)));
        }
        used_ = 0;
    }

    base::random_source& random_;
    double deviation_;
    bool psk8_;
    std::array<float, 3> soft_{};
    std::size_t used_ = 3;
};

/// `bits` decided bits of a stream of zeros.
std::vector<std::uint8_t> receive_zeros(fec::code_rate rate, zeros_channel& channel,
                                        std::size_t bits) {
    const fec::puncture_pattern pattern = fec::pattern_of(rate);
    const auto soft = [&] { return channel.next(); };
    if (rate == fec::code_rate::none) {
        std::vector<std::uint8_t> decided(bits);
        std::generate(decided.begin(), decided.end(), [&] { return soft() < 0.0F ? 1 : 0; });
        return decided;
    }
    constexpr std::size_t tail_bits = 200;
    ideal_viterbi decoder;
    for (std::size_t t = 0; t < bits + tail_bits; ++t) {
        const std::size_t place = t % pattern.bits;
        const float y1 = pattern.sends_c1(place) ? soft() : 0.0F;
        const float y2 = pattern.sends_c2(place) ? soft() : 0.0F;
        decoder.step(y1, y2);
    }
    auto decided = decoder.trace_back();
    decided.resize(bits);
    return decided;
}

bool is_lost(std::span<const std::uint8_t> codeblock_bits, std::size_t interleave) {
    std::array<unsigned, 8> wrong{}; // no depth is greater
    for (std::size_t octet = 0; octet < codeword_octets * interleave; ++octet) {
        const auto bits = codeblock_bits.subspan(8 * octet, 8);
        if (std::any_of(bits.begin(), bits.end(), [](std::uint8_t bit) { return bit != 0; })) {
            ++wrong[octet % interleave];
        }
    }
    return *std::max_element(wrong.begin(), wrong.end()) > correctable;
}

} // namespace

ideal_count ideal_frames(const ideal_link& link, std::size_t frames) {
    base::random_source random(link.seed);
    const fec::puncture_pattern pattern = fec::pattern_of(link.rate);
    const double code_rate =
        static_cast<double>(pattern.bits) / static_cast<double>(pattern.sent) * 223.0 / 255.0;
    const double deviation = std::sqrt(0.5 / (code_rate * std::pow(10.0, link.eb_n0_db / 10.0)));
    zeros_channel channel(deviation, link.psk8, random);
    const std::size_t frame_bits = 8 * (marker_octets + codeword_octets * link.interleave);
    ideal_count count;
    while (count.frames < frames) {
        const std::size_t batch = std::min(batch_frames, frames - count.frames);
        const auto decided = receive_zeros(link.rate, channel, batch * frame_bits);
        for (std::size_t n = 0; n < batch; ++n) {
            const auto block = std::span(decided).subspan(n * frame_bits + 8 * marker_octets,
                                                          frame_bits - 8 * marker_octets);
            count.lost += is_lost(block, link.interleave) ? 1U : 0U;
        }
        count.frames += batch;
    }
    return count;
}

} // namespace landfall::test
