//! The system's clock, and between its readings what the processor counts: to ask for that takes less than half as long, and
//! does not stop what else the processor is about.
//!
//! A thread reads the clock again after a millisecond. So nothing is calibrated in advance, nothing drifts, and a clock that is
//! set is followed within a millisecond.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// For how many nanoseconds the processor is asked instead of the clock.
const VALID: u64 = 1_000_000;

/// A reading that took longer was interrupted, and nobody knows when: the next call reads again.
const BRIEF: u64 = 1_000;

/// From how many nanoseconds at least the length of a tick is taken.
const MEASURED: u64 = 10_000_000;

/// A length is believed when it is that of the measurement before, give or take one part in as many: not when the clock was set,
/// a reading interrupted or the machine asleep meanwhile.
const TOLERANCE: u64 = 256;

/// The length of a tick is in parts of 2⁻³² ns.
const FRACTION: u32 = u32::BITS;

thread_local! {
    static CLOCK: Cell<Clock> = const { Cell::new(Clock::UNREAD) };
}

/// Nanoseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    if !ticks_are_steady() {
        return system();
    }
    let ticks = ticks();
    CLOCK.with(|clock| clock.get().time_at(ticks)).unwrap_or_else(|| read_at(ticks))
}

#[cold]
fn read_at(before: u64) -> u64 {
    /// How long a tick is, found out by any thread.
    static TICK: AtomicU64 = AtomicU64::new(0);
    let nanos = system();
    let reading = Reading { ticks: before, nanos, took: ticks().wrapping_sub(before) };
    CLOCK.with(|clock| clock.set(clock.get().read(reading, &TICK)));
    nanos
}

/// Nanoseconds since the Unix epoch, by the operating system.
fn system() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}

/// What the processor has counted; nothing where that is not known.
#[allow(unsafe_code, reason = "the standard library has no other way, and it saves a sixth of a span's time")]
fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: all processors of the architecture have the instruction, and it changes nothing.
        unsafe { core::arch::x86_64::_rdtsc() }
    }
    #[cfg(target_arch = "aarch64")]
    {
        let ticks;
        // SAFETY: all processors of the architecture have the register, and reading it changes nothing.
        unsafe { core::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
        ticks
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    0
}

/// Whether the processor counts at one rate, as it says or as its architecture promises. Miri has no such processor.
#[allow(unsafe_code, unused_unsafe, reason = "as above; later compilers hold the instruction for safe")]
fn ticks_are_steady() -> bool {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        const EXTENDED: u32 = 0x8000_0000;
        const POWER_MANAGEMENT: u32 = 0x8000_0007;
        const INVARIANT_TSC: u32 = 1 << 8;
        static STEADY: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        // SAFETY: all processors of the architecture have the instruction, and it changes nothing.
        let cpuid = |leaf| unsafe { core::arch::x86_64::__cpuid(leaf) };
        *STEADY
            .get_or_init(|| cpuid(EXTENDED).eax >= POWER_MANAGEMENT && cpuid(POWER_MANAGEMENT).edx & INVARIANT_TSC != 0)
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    {
        cfg!(all(target_arch = "aarch64", not(miri)))
    }
}

/// What the clock said at a tick, and how many ticks it took to say so.
#[derive(Clone, Copy)]
struct Reading {
    ticks: u64,
    nanos: u64,
    took: u64,
}

/// What a thread knows of the clock.
#[derive(Clone, Copy)]
struct Clock {
    /// The last reading.
    ticks: u64,
    nanos: u64,
    /// For how many ticks it is enough.
    valid: u64,
    /// How long a tick is.
    tick: u64,
    /// Since when that is measured, and what was found the last time.
    since: Option<Reading>,
    measured: Option<u64>,
}

impl Clock {
    const UNREAD: Self = Self { ticks: 0, nanos: 0, valid: 0, tick: 0, since: None, measured: None };

    /// The time at a tick, unless the clock has to be read.
    #[inline]
    fn time_at(self, ticks: u64) -> Option<u64> {
        let passed = ticks.wrapping_sub(self.ticks);
        (passed < self.valid).then(|| self.nanos.wrapping_add(passed.wrapping_mul(self.tick) >> FRACTION))
    }

    /// What is known after another reading. `shared` is how long a tick is, or 0.
    fn read(mut self, reading: Reading, shared: &AtomicU64) -> Self {
        let Reading { ticks, nanos, took } = reading;
        let since = *self.since.get_or_insert(reading);
        if nanos.abs_diff(since.nanos) >= MEASURED {
            let measured = since.tick_until(reading);
            if let (Some(tick), Some(before)) = (measured, self.measured)
                && tick.abs_diff(before) <= tick / TOLERANCE
            {
                shared.store(tick, Ordering::Relaxed);
            }
            (self.since, self.measured) = (Some(reading), measured);
        }
        let tick = shared.load(Ordering::Relaxed);
        let ticks_of = |nanos: u64| (nanos << FRACTION).checked_div(tick).unwrap_or_default();
        let valid = if took <= ticks_of(BRIEF) { ticks_of(VALID) } else { 0 };
        Self { ticks, nanos, valid, tick, ..self }
    }
}

impl Reading {
    /// How long a tick was until a later reading.
    fn tick_until(self, later: Self) -> Option<u64> {
        let nanos = u128::from(later.nanos.checked_sub(self.nanos)?);
        let tick = (nanos << FRACTION).checked_div(later.ticks.wrapping_sub(self.ticks).into())?;
        u64::try_from(tick).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000_000_000_000;
    const MILLI: u64 = 1_000_000;

    /// A clock beside a counter, that a thread reads.
    struct Machine {
        passed: u64,
        ticks_per_micro: u64,
        stands_still: bool,
        set_ahead: i64,
        slept: u64,
        /// How long the next reading takes.
        interruption: u64,
        reads: usize,
        shared: AtomicU64,
    }

    impl Machine {
        fn new() -> Self {
            Self {
                passed: 0,
                ticks_per_micro: 4_000,
                stands_still: false,
                set_ahead: 0,
                slept: 0,
                interruption: 0,
                reads: 0,
                shared: AtomicU64::new(0),
            }
        }

        /// And how long a tick takes is known.
        fn ready() -> (Self, Clock) {
            let (mut machine, mut clock) = (Self::new(), Clock::UNREAD);
            machine.run(&mut clock, 25 * MILLI);
            (machine, clock)
        }

        fn ticks(&self) -> u64 {
            if self.stands_still { 7 } else { (self.passed + self.slept) * self.ticks_per_micro / 1_000 }
        }

        fn time(&self) -> u64 {
            (START + self.passed + self.slept).wrapping_add_signed(self.set_ahead)
        }

        fn now(&mut self, clock: &mut Clock) -> u64 {
            let ticks = self.ticks();
            clock.time_at(ticks).unwrap_or_else(|| {
                self.reads += 1;
                self.passed += std::mem::take(&mut self.interruption);
                let nanos = self.time();
                *clock = clock.read(Reading { ticks, nanos, took: self.ticks() - ticks }, &self.shared);
                nanos
            })
        }

        /// A thread that asks for the time every 100 ns; by how much it is told a wrong one at most, in nanoseconds.
        fn run(&mut self, clock: &mut Clock, nanos: u64) -> u64 {
            let end = self.passed + nanos;
            let mut worst = 0;
            while self.passed < end {
                self.passed += 100;
                worst = worst.max(self.now(clock).abs_diff(self.time()));
            }
            worst
        }
    }

    #[test]
    fn the_clock_is_read_once_in_a_millisecond_when_the_length_of_a_tick_is_known() {
        let (mut machine, mut clock) = Machine::ready();
        machine.reads = 0;
        assert!(machine.run(&mut clock, 100 * MILLI) <= 1);
        assert!((99..=101).contains(&machine.reads), "{}", machine.reads);
    }

    #[test]
    fn another_thread_need_not_find_out_how_long_a_tick_is() {
        let (mut machine, _) = Machine::ready();
        machine.reads = 0;
        assert!(machine.run(&mut { Clock::UNREAD }, MILLI) <= 1);
        assert_eq!(machine.reads, 1);
    }

    #[test]
    fn a_clock_that_is_set_is_followed_within_a_millisecond() {
        const HOUR: i64 = 3_600_000_000_000;
        for set_ahead in [HOUR, -HOUR, 9_000_000, -7_000_000, 100_000, -100_000] {
            for since_ready in [0, 4, 8] {
                let (mut machine, mut clock) = Machine::ready();
                machine.run(&mut clock, since_ready * MILLI);
                machine.set_ahead = set_ahead;
                machine.run(&mut clock, MILLI);
                assert!(machine.run(&mut clock, 100 * MILLI) <= 1, "set by {set_ahead}");
            }
        }
    }

    #[test]
    fn an_interrupted_reading_makes_no_time_wrong() {
        for interruption in [2_000, MILLI / 2, 30 * MILLI, 1_000 * MILLI] {
            for ticks_per_micro in [24, 4_000] {
                let (mut machine, mut clock) = (Machine::new(), Clock::UNREAD);
                machine.ticks_per_micro = ticks_per_micro;
                for _ in 0..10 {
                    machine.interruption = interruption;
                    machine.run(&mut clock, 1);
                    // One that is short beside what is measured makes a tick a little longer.
                    let worst = machine.run(&mut clock, 15 * MILLI);
                    assert!(worst <= 250, "interrupted for {interruption}: wrong by {worst}");
                }
            }
        }
    }

    #[test]
    fn a_counter_that_goes_on_while_the_machine_sleeps_makes_no_time_wrong() {
        let (mut machine, mut clock) = Machine::ready();
        for slept in [MILLI, 9 * MILLI, 3_600_000 * MILLI] {
            machine.slept += slept;
            assert!(machine.run(&mut clock, 50 * MILLI) <= 1);
        }
    }

    #[test]
    fn a_counter_that_stands_still_is_not_asked() {
        let mut machine = Machine { stands_still: true, ..Machine::new() };
        assert_eq!(machine.run(&mut { Clock::UNREAD }, 100 * MILLI), 0);
    }

    #[test]
    fn a_pause_makes_no_time_wrong() {
        let (mut machine, mut clock) = Machine::ready();
        for pause in [MILLI - 1, MILLI, 7 * MILLI, 3_600_000 * MILLI] {
            machine.passed += pause;
            assert!(machine.now(&mut clock).abs_diff(machine.time()) <= 1);
            assert!(machine.run(&mut clock, 15 * MILLI) <= 1);
        }
    }

    #[test]
    fn the_time_is_that_of_the_system() {
        for _ in 0..500_000 {
            let (before, time, after) = (system(), now(), system());
            assert!((before - MILLI..=after + MILLI).contains(&time), "{before} {time} {after}");
        }
    }
}
