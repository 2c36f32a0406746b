//! A program that stays and answers one question after another.
//!
//! Starting a program often costs more than what it is asked. The answers are read by whoever asks;
//! standard error is kept to its end, so that a program that gives up says why.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime};

use shared_child::SharedChild;

use super::{ProcessError, Runner, Running, Step, StepRecord, check_interrupt, read_all, spawn};
use crate::digest::RunningDigest;
use crate::interrupt::{self, Kill, Registered};

/// How much is asked before the answers are read. Less than any pipe holds, so that neither side
/// waits for the other.
const MOST_ASKED: usize = 4000;

/// How much memory is set aside for an answer because it is said to be so long.
const BELIEVED: usize = 1 << 20;

/// A program that runs until it is dropped, or until it ends by itself.
pub struct Conversation {
    step: Step,
    runner: Runner,
    child: Arc<SharedChild>,
    /// `None` once the program was told that there are no more questions.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    errors: Option<JoinHandle<io::Result<Vec<u8>>>>,
    registered: Option<Registered>,
    started: SystemTime,
    clock: Instant,
    digest: RunningDigest,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Conversation");
        shown.field("command", &self.step.display()).finish()
    }
}

impl Runner {
    /// Starts a step that answers questions for as long as somebody has any.
    ///
    /// # Errors
    /// The program cannot be started, or this process was interrupted.
    pub fn converse(&self, step: Step) -> Result<Conversation, ProcessError> {
        Conversation::start(self, step)
    }
}

impl Conversation {
    fn start(runner: &Runner, step: Step) -> Result<Self, ProcessError> {
        let command = step.display();
        check_interrupt(&command)?;

        // Standard input is a pipe where there is something to feed.
        let step = step.stdin([]);
        let failed = |source| ProcessError::Start {
            command: command.clone(),
            source,
        };
        let started = SystemTime::now();
        let clock = Instant::now();
        let child = spawn(&step).map_err(failed)?;
        let running = Arc::new(Running {
            child: Arc::clone(&child),
            group: true,
        });
        let registered = interrupt::register(running as Arc<dyn Kill>);

        let without_pipe = || failed(io::Error::other("it was started without a pipe"));
        let questions = child.take_stdin().ok_or_else(without_pipe)?;
        let answers = child.take_stdout().ok_or_else(without_pipe)?;
        let errors = child.take_stderr();
        let errors = std::thread::spawn(move || read_all(errors));

        Ok(Self {
            step,
            runner: runner.clone(),
            child,
            questions: Some(questions),
            answers: BufReader::new(answers),
            errors: Some(errors),
            registered: Some(registered),
            started,
            clock,
            digest: RunningDigest::new(),
        })
    }

    /// Asks for everything in `lines`, some of it at a time, and hands each line's turn to
    /// `answer`, which reads what the program says to it. The program has to read a line to its end
    /// before it answers.
    ///
    /// # Errors
    /// The program ended, or `answer` fails. It is of no more use then: its answers would belong to
    /// questions of before.
    pub fn ask<T, E: From<ProcessError>>(
        &mut self,
        lines: &[String],
        mut answer: impl FnMut(&mut Self, &str) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let mut answers = Vec::with_capacity(lines.len());
        let mut rest = lines;
        while !rest.is_empty() {
            let mut question = String::new();
            let mut count = 0;
            for line in rest {
                if count > 0 && question.len() + line.len() >= MOST_ASKED {
                    break;
                }
                question.push_str(line);
                question.push('\n');
                count += 1;
            }
            self.say(question.as_bytes())?;

            let (asked, later) = rest.split_at(count);
            for line in asked {
                answers.push(answer(self, line)?);
            }
            rest = later;
        }
        Ok(answers)
    }

    fn say(&mut self, question: &[u8]) -> Result<(), ProcessError> {
        let written = match &mut self.questions {
            Some(pipe) => pipe.write_all(question).and_then(|()| pipe.flush()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        written.map_err(|source| self.end(source))
    }

    /// The next line of an answer, without its line break.
    ///
    /// # Errors
    /// The program ended.
    pub fn line(&mut self) -> Result<Vec<u8>, ProcessError> {
        let mut line = Vec::new();
        let read = self.answers.read_until(b'\n', &mut line);
        self.digest.update(&line);
        match read {
            Ok(_) if line.pop() == Some(b'\n') => Ok(line),
            Ok(_) => Err(self.end(io::ErrorKind::UnexpectedEof.into())),
            Err(source) => Err(self.end(source)),
        }
    }

    /// The next `length` bytes of an answer.
    ///
    /// # Errors
    /// The program ended before.
    pub fn bytes(&mut self, length: usize) -> Result<Vec<u8>, ProcessError> {
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        let mut bytes = Vec::with_capacity(length.min(BELIEVED));
        let read = (&mut self.answers).take(limit).read_to_end(&mut bytes);
        self.digest.update(&bytes);
        match read {
            Ok(read) if read == length => Ok(bytes),
            Ok(_) => Err(self.end(io::ErrorKind::UnexpectedEof.into())),
            Err(source) => Err(self.end(source)),
        }
    }

    /// Why there is no answer: the program's own last words, where it left any.
    fn end(&mut self, source: io::Error) -> ProcessError {
        let command = self.step.display();
        let failure = self.finish();
        if let Err(interrupted) = check_interrupt(&command) {
            return interrupted;
        }
        match failure {
            Some((status, errors)) if !status.success() => ProcessError::Failed {
                command,
                status,
                stderr: String::from_utf8_lossy(&errors).trim_end().to_owned(),
            },
            _ => ProcessError::Lost { command, source },
        }
    }

    /// Tells the program that this was all, waits for it and records that it ran.
    fn finish(&mut self) -> Option<(std::process::ExitStatus, Vec<u8>)> {
        drop(self.questions.take());
        let errors = self.errors.take()?;
        // What it still has to say would keep it from ending.
        let rest = read_all(Some(&mut self.answers)).unwrap_or_default();
        self.digest.update(&rest);
        let status = self.child.wait();
        drop(self.registered.take());
        let errors = errors.join().ok()?.unwrap_or_default();
        self.digest.update(&errors);

        let status = status.ok()?;
        self.runner.record(StepRecord {
            argv: self.step.argv(),
            env: self.step.env_names(),
            exit_code: status.code(),
            started: self.started,
            elapsed: self.clock.elapsed(),
            log_sha256: self.digest.digest(),
        });
        Some((status, errors))
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::digest::sha256_bytes;

    #[test]
    fn many_questions_have_their_answers_in_order_and_one_record() {
        let runner = Runner::new();
        let mut cat = runner.converse(Step::new("cat")).unwrap();
        let lines: Vec<String> = (0..5000).map(|number| format!("line {number}")).collect();
        let answers: Vec<String> = cat
            .ask(&lines, |cat, asked| {
                let line = String::from_utf8(cat.line()?).unwrap();
                assert_eq!(line, asked);
                Ok::<_, ProcessError>(line)
            })
            .unwrap();
        assert_eq!(answers, lines);

        assert!(runner.records().is_empty());
        drop(cat);
        let said = format!("{}\n", lines.join("\n"));
        let [record] = &runner.records()[..] else {
            panic!("one program ran");
        };
        assert_eq!(record.exit_code, Some(0));
        assert_eq!(record.log_sha256, sha256_bytes(said.as_bytes()));
    }

    #[test]
    fn an_answer_may_be_longer_than_a_pipe_holds() {
        let script = "while read number; do head -c 1048576 /dev/zero; echo $number; done";
        let step = Step::new("sh").args(["-c", script]);
        let mut shell = Runner::new().converse(step).unwrap();
        let lines = ["one".to_owned(), "two".to_owned()];
        let answers = shell
            .ask(&lines, |shell, _| {
                assert_eq!(shell.bytes(1 << 20)?, vec![0; 1 << 20]);
                shell.line()
            })
            .unwrap();
        assert_eq!(answers, [b"one", b"two"]);
    }

    #[test]
    fn a_program_that_gives_up_says_why() {
        let runner = Runner::new();
        let step = Step::new("sh").args(["-c", "read one; echo why >&2; exit 3"]);
        let mut shell = runner.converse(step).unwrap();
        let error = shell
            .ask(&["one".to_owned()], |shell, _| shell.line())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c 'read one; echo why >&2; exit 3'` failed (exit status: 3):\nwhy"
        );
        let again = shell.ask(&["two".to_owned()], |shell, _| shell.line());
        assert!(again.is_err());
        drop(shell);
        assert_eq!(runner.records().len(), 1);
    }
}
